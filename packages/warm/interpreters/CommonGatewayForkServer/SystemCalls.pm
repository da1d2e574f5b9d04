package CommonGatewayForkServer::SystemCalls;

# The numbers of the Linux system calls that a fork server makes or recognizes, for `syscall`: no module of Perl's own has
# recvmsg with descriptors, wait4 or ptrace. Source: asm/unistd_64.h (x64), asm-generic/unistd.h (arm64).
# No file of the fork server loads a module, `strict` neither: a script would find it loaded already.

#                    x64  arm64; 0: the architecture does not have it
my %calls = (
  access          => [21, 0],
  brk             => [12, 214],
  chdir           => [80, 49],
  clock_gettime   => [228, 113],
  clone           => [56, 220],
  clone3          => [435, 435],
  close           => [3, 57],
  connect         => [42, 203],
  dup3            => [292, 24],
  execve          => [59, 221],
  exit            => [60, 93],
  exit_group      => [231, 94],
  faccessat       => [269, 48],
  faccessat2      => [439, 439],
  fcntl           => [72, 25],
  fork            => [57, 0],
  fstat           => [5, 80],
  futex           => [202, 98],
  getcwd          => [79, 17],
  getdents64      => [217, 61],
  getegid         => [108, 177],
  geteuid         => [107, 175],
  getgid          => [104, 176],
  getgroups       => [115, 158],
  getpid          => [39, 172],
  getppid         => [110, 173],
  getrandom       => [318, 278],
  getrusage       => [98, 165],
  gettid          => [186, 178],
  gettimeofday    => [96, 169],
  getuid          => [102, 174],
  ioctl           => [16, 29],
  lseek           => [8, 62],
  lstat           => [6, 0],
  madvise         => [28, 233],
  mmap            => [9, 222],
  mprotect        => [10, 226],
  mremap          => [25, 216],
  munmap          => [11, 215],
  newfstatat      => [262, 79],
  open            => [2, 0],
  openat          => [257, 56],
  pipe2           => [293, 59],
  ppoll           => [271, 73],
  prctl           => [157, 167],
  pread64         => [17, 67],
  prlimit64       => [302, 261],
  ptrace          => [101, 117],
  read            => [0, 63],
  readlink        => [89, 0],
  readlinkat      => [267, 78],
  recvmsg         => [47, 212],
  rt_sigaction    => [13, 134],
  rt_sigprocmask  => [14, 135],
  setpgid         => [109, 154],
  signalfd4       => [289, 74],
  socket          => [41, 198],
  stat            => [4, 0],
  statx           => [332, 291],
  time            => [201, 0],
  times           => [100, 153],
  umask           => [95, 166],
  vfork           => [58, 0],
  wait4           => [61, 260],
  waitid          => [247, 95],
  write           => [1, 64],
);

# The numbers by name for an architecture as Node.js names it; nothing for any other.
sub numbers {
  my ($architecture) = @_;
  my $column = $architecture eq 'x64' ? 0 : $architecture eq 'arm64' ? 1 : return;
  return map { $_ => $calls{$_}[$column] } grep { $calls{$_}[$column] || ($_ eq 'read' && $column == 0) } keys %calls;
}

# The position of st_mode in struct stat.
sub mode_position { return $_[0] eq 'x64' ? 24 : 16 }

1;
