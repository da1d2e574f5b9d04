package CommonGatewayForkServer::Child;

# The child of a fork server that runs the script for one request: how it comes to be as a new process would be, and how it
# ends. Each page of memory that it writes costs a page fault, so it does little.

my $SIG_SETMASK = 2;
my $RLIMIT_CPU = 0;
my $P_ALL = 0;
my $AT_FDCWD = -100;
my $WAITID_OPTIONS = 0x01000000 | 4 | 1;    # WNOWAIT, WEXITED, WNOHANG

# XS modules of perl itself that keep nothing for the end: no output of C's stdio, no atexit handler, no layer of PerlIO that
# writes a trailer.
my %keeps_nothing = map { ($_ => 1) } qw(
  B Compress::Raw::Zlib Cwd Data::Dumper Digest::MD5 Digest::SHA Encode Encode::Unicode Fcntl File::Glob
  HTML::Parser Hash::Util I18N::Langinfo IO List::Util MIME::Base64 POSIX PerlIO::encoding PerlIO::scalar SDBM_File
  Socket Storable Sys::Hostname Time::HiRes Time::Piece Unicode::Normalize attributes mro re
);

my (%call, $status, $own, $signal_mask, $cpu_limit, $is_child);
my ($message, $position, $ends_quickly, @symbols, @sizes, %methods);
my $discarded = "\0" x 128;
my $entries = "\0" x 1024;

# In the fork server, after the script was compiled.
sub prepare {
  my ($calls, $seconds, $quick_end);
  ($calls, $status, $own, $signal_mask, $seconds, $quick_end) = @_;
  %call = %$calls;
  $cpu_limit = pack 'Q2', $seconds, $seconds + 1 if $seconds;
  $ends_quickly = $quick_end;
  my @names = packages();
  @symbols = map { \%{"$_"} } @names;
  @sizes = map { scalar %$_ } @symbols;
  %methods = map { methods($_) } @names;
}

# The names of all packages, with `::` at their end.
sub packages {
  my @found = ('main::');
  my %seen;
  for (my $at = 0; $at < @found; $at++) {
    my $name = $found[$at];
    my $symbols = \%{"$name"};
    next if $seen{0 + $symbols}++;
    push @found, map { $name eq 'main::' ? $_ : "$name$_" } grep { /::\z/ } keys %$symbols;
  }
  return @found;
}

# What perl calls at the end of an object: the addresses of DESTROY and AUTOLOAD of a class; 0 if it is declared only.
sub methods {
  my ($package) = @_;
  return map { $_ => address($_) } grep { exists ${"$package"}{substr $_, length $package} } "${package}DESTROY", "${package}AUTOLOAD";
}

sub address { return defined &{$_[0]} ? 0 + \&{$_[0]} : 0 }

# In the child. Before `started` is reported nothing of the request has happened, and the host would start it anew.
sub become {
  my $id = shift;
  (my $size, $message, my @streams) = @_;
  syscall $call{setpgid}, 0, 0;
  CommonGatewayForkServer::OpenFiles::reopen() or syscall $call{exit_group}, 1;
  syscall $call{prlimit64}, 0, $RLIMIT_CPU, $cpu_limit, 0 if defined $cpu_limit;
  syscall $call{dup3}, $streams[$_], $_, 0 for 0 .. 2;
  syscall $call{close}, $_ for @streams, @$own;
  take_request($size);
  $is_child = 1;
  $^T = time;
  my $line = "started $id $$\n";
  syscall($call{write}, $status, $line, length $line) > 0 or syscall $call{exit_group}, 1;
  syscall $call{close}, $status;
  CommonGatewayForkServer::end_protection();    # it has nothing of the fork server's any more
  syscall $call{rt_sigprocmask}, $SIG_SETMASK, $signal_mask, 0, 8;
  $! = 0;
}

# A message is: id and kind of standard input, directory, number of arguments, arguments (the script first), variables.
sub take_request {
  my ($size) = @_;
  substr($$message, $size, 1) = "\0";
  $position = 0;
  next_field();
  chdir next_field() or syscall $call{exit_group}, 1;
  my $count = next_field();
  next_field();
  @ARGV = ();
  push @ARGV, next_field() for 2 .. $count;
  %ENV = ();
  while ($position < $size) {
    my $variable = next_field();
    my $equals = index $variable, '=';
    $ENV{substr $variable, 0, $equals} = substr $variable, $equals + 1;
  }
}

sub next_field {
  my $from = $position;
  my $end = index $$message, "\0", $from;
  $position = $end + 1;
  return substr $$message, $from, $end - $from;
}

# A failed exec is the one way to have perl flush all its handles.
sub flush_handles {
  local $^W = 0;
  exec { '/' } '/' or return;
}

# Whether nothing but a flush remains to be done: no object with a DESTROY that does something (the trial has seen those of
# the compile phase; a package that has grown since may have another), no module in C with work left, no process to wait for.
# It looks at sizes, since a look at the names of the symbols writes to most of them: perl counts the uses of each name.
sub may_end_quickly {
  return if !$ends_quickly;
  for (my $at = 0; $at < @symbols; $at++) { return if %{$symbols[$at]} != $sizes[$at] }
  for (keys %methods) { return if address($_) != $methods{$_} }
  for (@{'DynaLoader::dl_modules'}) { return if !$keeps_nothing{$_} }
  return if defined $SIG{PIPE} || has_open_files();
  return syscall($call{waitid}, $P_ALL, 0, $discarded, $WAITID_OPTIONS, 0) < 0;
}

# perl's own end warns of a file that it cannot flush or close. An entry of the folder takes 24 bytes; `.`, `..`, the standard
# streams and the folder's own descriptor are always there.
sub has_open_files {
  my $path = '/proc/self/fd';
  my $folder = syscall $call{openat}, $AT_FDCWD, $path, 0;
  my $size = syscall $call{getdents64}, $folder, $entries, length $entries;
  syscall $call{close}, $folder;
  return $size != 24 * (6 + CommonGatewayForkServer::OpenFiles::count());
}

# The first END block to be compiled is the last to run. perl's own end frees the whole script before it exits, and so writes
# most of its memory.
END {
  if ($is_child && may_end_quickly()) {
    my $exit_code = $? & 255;
    flush_handles();
    syscall $call{exit_group}, $exit_code;
  }
}

1;
