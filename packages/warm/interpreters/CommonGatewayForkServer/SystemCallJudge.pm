package CommonGatewayForkServer::SystemCallJudge;

# Tells for a system call of a script that is being compiled why all requests cannot share it, and keeps watches of the files
# that the others look at. Every call that is not named here is refused.

my $AT_FDCWD = -100;
# isatty(3): TCGETS, and TCGETS2 of glibc 2.42
my %terminal_questions = map { $_ => 1 } 0x5401, 0x802c542a;
my $O_ACCMODE = 3;
my $O_CREAT_OR_TRUNC = 01100;
my $PATH_MAX = 4096;
my $SIGPIPE = 13;
my $SIG_DFL = 0;
my $SIG_IGN = 1;
my $AT_SYMLINK_NOFOLLOW = 0x100;

# They read and change nothing but the process.
my @harmless = qw(
  brk exit exit_group futex getcwd getdents64 getegid geteuid getgid getgroups getuid madvise mmap mprotect mremap munmap
  rt_sigprocmask umask
);

# These too, of a file that was opened by its path; the standard streams are the request's.
my @of_opened_files = qw(close fcntl fstat pread64 read);

# fcntl: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC; of the standard streams only F_GETFD, F_GETFL
my %fcntl_commands = map { $_ => 1 } 0, 1, 2, 3, 1030;
my %fcntl_of_streams = map { $_ => 1 } 1, 3;

# Name => positions of the path, of the folder's descriptor, of the flags.
my %looks = (
  access     => [0],
  faccessat  => [1, 0],
  faccessat2 => [1, 0, 3],
  lstat      => [0],
  newfstatat => [1, 0, 3],
  open       => [0, undef, 1],
  openat     => [1, 0, 2],
  readlink   => [0],
  readlinkat => [1, 0],
  stat       => [0],
  statx      => [1, 0, 2],
);

my %reasons = (
  (map { $_ => 'it reads the clock' } qw(clock_gettime getrusage gettimeofday time times)),
  (map { $_ => 'it starts a process' } qw(clone clone3 execve fork pipe2 vfork)),
  (map { $_ => 'it reads its process id' } qw(getpid getppid gettid)),
  (map { $_ => 'it opens a socket' } qw(connect socket)),
  chdir        => 'it changes the directory',
  getrandom    => 'it reads random numbers',
  rt_sigaction => 'it sets a signal handler',
  write        => 'it writes output',
);

my (%call, %name, %harmless, %of_opened_files, %watches, @watches, $directory, %pseudo);

sub start {
  %call = @_;
  %name = reverse %call;
  %harmless = map { $_ => 1 } @harmless;
  %of_opened_files = map { $_ => 1 } @of_opened_files;
  $directory = readlink '/proc/self/cwd';
  # Where one of them is not mounted, as in a chroot, the folder belongs to an ordinary file system.
  my $ordinary = (stat '/')[0];
  for my $folder (qw(/proc /sys)) { $pseudo{(stat _)[0]} = 1 if -d $folder && (stat _)[0] != $ordinary }
}

# The reason, or nothing.
sub reason {
  my ($pid, $number, @arguments) = @_;
  my $name = $name{$number};
  return "it makes system call $number while it is compiled" if !defined $name;
  return if $harmless{$name};
  my $descriptor = signed($arguments[0]);
  my $reason
    = $name eq 'rt_sigaction' ? (sets_handler($pid, @arguments) ? $reasons{$name} : undef)
    : $name eq 'lseek' ? undef
    : $name eq 'ioctl' ? ($terminal_questions{$arguments[1] & 0xffffffff} ? undef : 'it makes an ioctl')
    : $name eq 'fcntl' ? fcntl_reason($descriptor, $arguments[1])
    : $of_opened_files{$name} ? ($descriptor > 2 ? undef : 'it uses a standard stream')
    : $looks{$name} ? look_reason($pid, $name, @arguments)
    : $reasons{$name} || "it calls $name";
  return defined $reason ? "$reason while it is compiled" : undef;
}

sub signed { return unpack 'l', pack 'L', $_[0] & 0xffffffff }

# Not if it only asks for the handler; nor if SIGPIPE is to be ignored, as it may be in the fork server too.
sub sets_handler {
  my ($pid, $signal, $action) = @_;
  return if $action == 0;
  my ($handler) = unpack 'Q', bytes_of($pid, $action, 8);
  return !($signal == $SIGPIPE && defined $handler && ($handler == $SIG_IGN || $handler == $SIG_DFL));
}

sub fcntl_reason {
  my ($descriptor, $command) = @_;
  return 'it uses a standard stream' if $descriptor < 3 && !$fcntl_of_streams{$command};
  return $fcntl_commands{$command} ? undef : "it makes fcntl $command";
}

sub look_reason {
  my ($pid, $name, @arguments) = @_;
  my ($path_at, $folder_at, $flags_at) = @{$looks{$name}};
  my $path = string_of($pid, $arguments[$path_at]);
  return 'it passes a path that cannot be read' if !defined $path;
  my $flags = defined $flags_at ? $arguments[$flags_at] : 0;
  my $folder = defined $folder_at ? signed($arguments[$folder_at]) : $AT_FDCWD;
  if ($path eq '') { return $folder > 2 || $folder == $AT_FDCWD ? undef : 'it uses a standard stream' }
  if ($path !~ m{\A/}) {
    return "it looks at $path in an open folder" if $folder != $AT_FDCWD;
    $path = "$directory/$path";
  }
  $path =~ s{/(?:\./)+}{/}g;
  return "it looks at $path" if $path =~ m{\A/(?:proc|sys)(?:/|\z)} || exists $pseudo{(stat $path)[0] || ''};
  if ($name =~ /\Aopen/) {
    return "it opens $path for writing" if $flags & ($O_ACCMODE | $O_CREAT_OR_TRUNC);
    return $reasons{getrandom} if $path =~ m{\A/dev/u?random\z};
    return "it opens $path" if -e $path && !-f _ && !-d _;
    watch('file', $path);
  } elsif ($name =~ /\A(?:lstat|readlink)/ || ($flags & $AT_SYMLINK_NOFOLLOW && $name ne 'faccessat')) {
    watch(-d $path && !-l $path ? 'directory link' : 'link', $path);
  } else {
    watch(-d $path ? 'directory' : 'file', $path);
  }
  return;
}

# The string at an address of the process.
sub string_of {
  my ($pid, $address) = @_;
  my $bytes = bytes_of($pid, $address, $PATH_MAX);
  my $end = index $bytes, "\0";
  return $end < 0 ? undef : substr $bytes, 0, $end;
}

# Fewer where its memory ends before.
sub bytes_of {
  my ($pid, $address, $length) = @_;
  my $bytes = '';
  open(my $memory, '<', "/proc/$pid/mem") or return $bytes;
  sysread($memory, $bytes, $length) if sysseek $memory, $address, 0;
  return $bytes;
}

# A file that was loaded before the trial.
sub look {
  my ($path) = @_;
  watch('file', $path =~ m{\A/} ? $path : "$directory/$path");
}

sub watch {
  my ($kind, $path) = @_;
  return if $watches{"$kind $path"}++;
  my $signature = CommonGatewayForkServer::WatchedFiles::signature($path, $kind);
  push @watches, $signature eq '' ? ['absent', '', $path] : [$kind, $signature, $path];
}

# Each is three strings without NUL: kind, signature in hexadecimal, path.
sub watches { return map { [$_->[0], unpack('H*', $_->[1]), $_->[2]] } @watches }

# A file that may have changed since perl started: perl opened the script then, and may have read another one since. Two
# changes within a tick of the clock look like one, so that one shortly before is not certain either.
sub young_path {
  for (@watches) {
    my ($kind, $signature, $path) = @$_;
    return $path if $kind =~ /\A(?:file|link)\z/ && CommonGatewayForkServer::WatchedFiles::is_young($signature, $^T);
  }
  return;
}

1;
