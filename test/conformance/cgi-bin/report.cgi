#!/usr/bin/perl
# Reports what it sees: its environment, its arguments, its folder, its input up to its end.
use strict;
use Cwd;
binmode STDIN;
binmode STDOUT;
sub plain { my ($text) = @_; $text =~ s/([^A-Za-z0-9_.\/:-])/sprintf '%%%02X', ord $1/ge; return $text }
my $input = do { local $/; <STDIN> };
print "Content-Type: text/plain\n\nreport\n";
print 'variable ', plain($_), '=', plain($ENV{$_}), "\n" for sort keys %ENV;
print 'argument ', plain($_), "\n" for @ARGV;
print 'folder ', plain(getcwd), "\n";
print 'input ', plain($input // ''), "\n";
print "end\n";
