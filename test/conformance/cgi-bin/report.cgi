#!/usr/bin/perl
# Reports what it sees: its environment, its arguments, its folder, its input up to its end.
use strict;
binmode STDIN;
binmode STDOUT;
sub plain { my ($text) = @_; $text =~ s/([^A-Za-z0-9_.\/:-])/sprintf '%%%02X', ord $1/ge; return $text }
my $input = do { local $/; <STDIN> };
print "Content-Type: text/plain\n\nreport\n";
print 'variable ', plain($_), '=', plain($ENV{$_}), "\n" for sort keys %ENV;
print 'argument ', plain($_), "\n" for @ARGV;
# Reading the link is several times as fast as the module, where there is such a link.
my $folder = readlink('/proc/self/cwd') // do { require Cwd; Cwd::getcwd() };
print 'folder ', plain($folder), "\n";
print 'input ', plain($input // ''), "\n";
print "end\n";
