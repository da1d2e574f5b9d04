package CommonGatewayForkServer::OpenFiles;

# The files that the compile phase leaves open: the script's own, of which DATA goes on reading, and those of modules with
# __DATA__. After a fork the position in such a file is shared with the fork server and all its children; each child must
# have a position of its own, as in a process that opened the file itself.

my $AT_FDCWD = -100;
my $F_GETFD = 1;
my $F_GETFL = 3;
my $FD_CLOEXEC = 1;
my $O_ACCMODE = 3;
my $O_CLOEXEC = 02000000;
my $SEEK_SET = 0;
my $SEEK_CUR = 1;

my %call;
my @files;

sub start { %call = @_ }

# Finds them: afterwards reopen() knows them. Returns the path of an open file that cannot be opened again, or nothing.
# `@own` are descriptors of the fork server. Perl must have flushed its buffers, so that the positions are the script's.
sub find {
  my (@own) = @_;
  my %own = map { $_ => 1 } 0 .. 2, @own;
  @files = ();
  opendir my $folder, '/proc/self/fd' or return '/proc/self/fd';
  my @descriptors = sort { $a <=> $b } grep { /\A\d+\z/ && !$own{$_} } readdir $folder;
  closedir $folder;
  for my $descriptor (@descriptors) {
    my $path = readlink "/proc/self/fd/$descriptor";
    next if !defined $path;    # the folder itself, closed by now
    my $mode = syscall $call{fcntl}, $descriptor, $F_GETFL, 0;
    return $path if !CommonGatewayForkServer::WatchedFiles::is_regular("/proc/self/fd/$descriptor") || ($mode & $O_ACCMODE) != 0;
    my $flags = syscall $call{fcntl}, $descriptor, $F_GETFD, 0;
    my $position = syscall $call{lseek}, $descriptor, 0, $SEEK_CUR;
    push @files, [$descriptor, $position, $flags & $FD_CLOEXEC ? $O_CLOEXEC : 0];
  }
  return;
}

# Whether one of them is the file at this path.
sub has {
  my ($path) = @_;
  my $identity = CommonGatewayForkServer::WatchedFiles::identity_of($path);
  return grep { CommonGatewayForkServer::WatchedFiles::identity_of("/proc/self/fd/$_->[0]") eq $identity } @files;
}

sub count { return scalar @files }

# Opens each again, at its position, as the same descriptor. The path in /proc leads to the file that is open, even if
# another has its name by now. Returns false if that is impossible.
sub reopen {
  for (@files) {
    my ($descriptor, $position, $flags) = @$_;
    my $path = "/proc/self/fd/$descriptor";
    my $file = syscall $call{openat}, $AT_FDCWD, $path, $O_CLOEXEC;
    return if $file < 0;
    syscall $call{lseek}, $file, $position, $SEEK_SET;
    syscall $call{dup3}, $file, $descriptor, $flags;
    syscall $call{close}, $file;
  }
  return 1;
}

1;
