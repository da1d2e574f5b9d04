package CommonGatewayForkServer;

# A fork server for one Perl script: `perl FLAGS -IDIRECTORY -MCommonGatewayForkServer SCRIPT`. perl itself compiles SCRIPT as
# its main program, so that `caller`, `__DATA__`, the order of the END blocks and the flags of its `#!` line are perl's own;
# the INIT block below, the first of all, does not return before a request arrives. It returns in a child, which runs SCRIPT.
# Standard input is the control socket (SOCK_SEQPACKET): a message is a request. Standard output takes status lines.
#
# Nothing of this may be visible to the script. So no module is loaded, not even `strict`; the package is removed.

my %symbols;

# The names in all packages, by package.
sub symbols {
  my %found;
  my @packages = ('main::');
  while (defined(my $name = pop @packages)) {
    next if exists $found{$name};
    $found{$name} = { map { $_ => 1 } keys %{"$name"} };
    push @packages, map { $name eq 'main::' ? $_ : "$name$_" } grep { /::\z/ && $_ ne 'main::' } keys %{"$name"};
  }
  return %found;
}

BEGIN { %symbols = symbols() }

my $F_DUPFD_CLOEXEC = 1030;
my $LOWEST_DESCRIPTOR = 10;
my $MSG_CMSG_CLOEXEC = 0x40000000;
my $MSG_TRUNCATED = 0x20 | 8;    # MSG_TRUNC, MSG_CTRUNC
my $SIG_BLOCK = 0;
my $SIGCHLD_MASK = pack 'Q', 1 << 16;
my $SFD_FLAGS = 02000000 | 04000;    # SFD_CLOEXEC, SFD_NONBLOCK
my $POLLIN = 1;
my $WNOHANG = 1;
my $EINTR = 4;
my $PR_GET_DUMPABLE = 3;
my $PR_SET_DUMPABLE = 4;
my $LONGEST_MESSAGE = 100_000;

# The variables that are the request's own; the others are the same for each request of a fork server.
my $request_variable = qr/\A(?:
  (?:HTTP|REDIRECT|REMOTE|REQUEST|SCRIPT|SSL)_.* | AUTH_TYPE | CONTENT_LENGTH | CONTENT_TYPE | DOCUMENT_URI | HTTPS
  | PATH_INFO | PATH_TRANSLATED | QUERY_STRING | SERVER_(?!SOFTWARE\z).*
)\z/xs;

my ($directory) = __FILE__ =~ m{\A(.*)/[^/]*\z}s;
my (%call, $control, $status, $cpu_seconds, $is_trial, $is_ready, $is_stale, $quick_end, $valid_until);
my ($program, @decisive);
my ($own_package, $signals, $signal_mask, $dumpable, %request_of);

# Buffers of the loop, made once: each page that the loop writes is copied again after a fork.
my $message = "\0" x ($LONGEST_MESSAGE + 4096);
my $ancillary = "\0" x 32;    # struct cmsghdr and three descriptors
my $wait_status = "\0" x 4;
my $usage = "\0" x 144;
my $discarded = "\0" x 128;

sub load {
  my ($name) = @_;
  my $path = "$directory/CommonGatewayForkServer/$name.pm";
  require $path;
  delete $INC{$path};
}

sub is_request_variable { return $_[0] =~ $request_variable }

sub import {
  my $start = delete $ENV{COMMON_GATEWAY_WARM};
  return if !defined $start;
  my %option = map { split /=/, $_, 2 } split /;/, $start;
  @INC = grep { $_ ne $directory } @INC;
  delete $INC{'CommonGatewayForkServer.pm'};
  load('SystemCalls');
  %call = CommonGatewayForkServer::SystemCalls::numbers($option{arch});
  if (!%call) {
    syswrite STDOUT, "plain the system calls of this architecture are not known\n";
    exit;
  }
  load('OpenFiles');
  CommonGatewayForkServer::OpenFiles::start(%call);
  load('WatchedFiles');
  CommonGatewayForkServer::WatchedFiles::start($call{newfstatat}, CommonGatewayForkServer::SystemCalls::mode_position($option{arch}));
  load('Child');
  load('Memory');
  $program = $option{program};
  @decisive = split /\n/, $option{decisive};
  $cpu_seconds = $option{cpu} eq '-' ? 0 : $option{cpu};
  take_standard_streams();
  protect();
  leave('plain it runs in taint mode') if ${^TAINT};
  leave('plain PERL_UNICODE decodes its arguments') if ${^UNICODE} & 0x20;
  try_script();
}

# Keeps the control socket and the status pipe at descriptors that the script does not meet. The standard streams while the
# script is compiled are of the kinds that a request has, but lead nowhere.
sub take_standard_streams {
  $control = syscall $call{fcntl}, 0, $F_DUPFD_CLOEXEC, $LOWEST_DESCRIPTOR;
  $status = syscall $call{fcntl}, 1, $F_DUPFD_CLOEXEC, $LOWEST_DESCRIPTOR;
  open my $null, '<', '/dev/null' or leave("plain /dev/null: $!");
  syscall $call{dup3}, fileno $null, 0, 0;
  close $null;
  pipe my $reader, my $writer or leave("plain pipe: $!");
  syscall $call{dup3}, fileno $writer, 1, 0;
  close $reader;
  close $writer;
}

# Another process of the same user can neither trace the fork server nor read its memory. Root always can.
sub protect {
  $dumpable = syscall $call{prctl}, $PR_GET_DUMPABLE, 0, 0, 0, 0;
  syscall $call{prctl}, $PR_SET_DUMPABLE, 0, 0, 0, 0;
  my $is_protected = syscall($call{prctl}, $PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  leave('plain this system cannot protect a fork server: prctl() fails') if !$is_protected && syscall($call{geteuid}) != 0;
}

# As each process is after exec: else a child could not read its own /proc/self.
sub end_protection { syscall $call{prctl}, $PR_SET_DUMPABLE, $dumpable, 0, 0, 0 }

sub report {
  my ($line) = @_;
  $line =~ tr/\n/ /;
  $line = substr($line, 0, 1000) . "\n";
  return syscall $call{write}, $status, $line, length $line;
}

sub leave {
  my ($line) = @_;
  report($line);
  syscall $call{exit_group}, 0;
}

# Returns in the fork server if the script may be warm, and in the process of the trial, which compiles the script, too.
sub try_script {
  pipe my $reader, my $writer or leave("plain pipe: $!");
  my $pid = fork;
  leave("plain fork: $!") if !defined $pid;
  if ($pid == 0) {
    close $reader;
    load('Trial');
    CommonGatewayForkServer::Trial::start(%call);
    my $foreign = CommonGatewayForkServer::OpenFiles::find($control, $status, fileno $writer);
    CommonGatewayForkServer::Trial::stop($writer, "plain it starts with $foreign open") if defined $foreign;
    CommonGatewayForkServer::OpenFiles::has($0) or CommonGatewayForkServer::Trial::stop($writer, "young $0 has just been replaced");
    CommonGatewayForkServer::OpenFiles::reopen() or CommonGatewayForkServer::Trial::stop($writer, 'plain it cannot be opened again');
    $is_trial = 1;
    return CommonGatewayForkServer::Trial::run($writer);
  }
  close $writer;
  my $result = do { local $/; <$reader> };
  close $reader;
  waitpid $pid, 0;
  $? = 0;
  my ($verdict, @watches);
  ($verdict, $quick_end, $valid_until, @watches) = split /\0/, $result, -1;
  leave(defined $verdict && $verdict ne '' ? $verdict : 'plain its trial failed') if !defined $verdict || $verdict ne 'warm';
  while (my ($kind, $signature, $path) = splice @watches, 0, 3) {
    CommonGatewayForkServer::WatchedFiles::watch($kind, pack('H*', $signature), $path);
  }
  watch_decisive_files();
  CommonGatewayForkServer::WatchedFiles::complete();
  $is_ready = 1;
  hide_symbols();
}

# Watches the files that decide which perl runs: `+` and a path for one that was there before this process was started, or
# `-`. A wrapper in the place of perl may start it in its own way each time.
sub watch_decisive_files {
  my $identity = CommonGatewayForkServer::WatchedFiles::identity_of('/proc/self/exe');
  leave('plain its interpreter is started by another program') if $identity ne pack 'Q2', split /:/, $program;
  for (@decisive) {
    my ($was_there, $path) = /\A(.)(.*)/s;
    $path =~ s/%(..)/chr hex $1/ge;
    my $signature = CommonGatewayForkServer::WatchedFiles::signature($path, 'file');
    my $is_young = CommonGatewayForkServer::WatchedFiles::is_young($signature, $^T);
    leave("young file younger than two seconds: $path") if $is_young || ($signature ne '') != ($was_there eq '+');
    CommonGatewayForkServer::WatchedFiles::watch($signature eq '' ? 'absent' : 'file', $signature, $path);
  }
}

# What only these files name, such as a variable of perl, would be in the script's symbol tables. Their own code goes on using
# it. BEGIN is of the `use` that loads them; it moves to __ANON__. So is ${^MAX_NESTED_EVAL_BEGIN_BLOCKS}, from 5.38 on.
sub hide_symbols {
  delete @{$symbols{'main::'}}{'BEGIN', "\cMAX_NESTED_EVAL_BEGIN_BLOCKS"};
  for my $package (grep { !/\ACommonGatewayForkServer::/ } keys %symbols) {
    my $known = $symbols{$package};
    delete @{"$package"}{grep { !$known->{$_} && $_ ne 'CommonGatewayForkServer::' } keys %{"$package"}};
  }
  delete $main::{__ANON__} if !$symbols{'main::'}{__ANON__};
}

INIT {
  CommonGatewayForkServer::Trial::finish() if $is_trial;
  serve() if $is_ready;
}

# Answers requests until the control socket ends. Returns in each child.
sub serve {
  get_ready();
  my $waiting = pack 'l s x2 l s x2', $control, $POLLIN, $signals, $POLLIN;
  while (1) {
    syscall $call{exit_group}, 0 if $is_stale && !%request_of;
    next if syscall($call{ppoll}, $waiting, 2, 0, 0, 0) <= 0;
    my ($requests, $exits) = unpack 'x6 s x6 s', $waiting;
    report_exits() if $exits;
    return if $requests && receive();
  }
}

sub get_ready {
  CommonGatewayForkServer::Child::flush_handles();
  my $foreign = CommonGatewayForkServer::OpenFiles::find($control, $status);
  leave("plain it keeps $foreign open after it is compiled") if defined $foreign;
  $signal_mask = "\0" x 8;
  syscall $call{rt_sigprocmask}, $SIG_BLOCK, $SIGCHLD_MASK, $signal_mask, 8;
  $signals = syscall $call{signalfd4}, -1, $SIGCHLD_MASK, 8, $SFD_FLAGS;
  $own_package = delete $main::{'CommonGatewayForkServer::'};    # kept, as its subs are in use
  CommonGatewayForkServer::Child::prepare(\%call, $status, [$control, $signals], $signal_mask, $cpu_seconds, $quick_end);
  # Objects that are left at the end are destroyed in the order of their addresses.
  CommonGatewayForkServer::Memory::fill_gaps() if $quick_end;
  report('ready');
  report('learnt');
}

# One line for each child that has ended: raw wait status, microseconds of user and of system time.
sub report_exits {
  syscall $call{read}, $signals, $discarded, length $discarded;
  while ((my $pid = syscall $call{wait4}, -1, $wait_status, $WNOHANG, $usage) > 0) {
    my ($user, $user_micro, $system, $system_micro) = unpack 'q4', $usage;
    my $id = delete $request_of{$pid};
    report(join ' ', 'exited', $id, $pid, unpack('l', $wait_status), $user * 1_000_000 + $user_micro, $system * 1_000_000 + $system_micro);
  }
}

# Takes a request: a message with three descriptors. Returns true in its child. At the end of the socket the host is gone or
# has no more use for the fork server, which ends at once; its children go on.
sub receive {
  my $vector = pack 'P Q', $message, length $message;
  my $header = pack 'Q L x4 P Q P Q i x4', 0, 0, $vector, 1, $ancillary, length $ancillary, 0;
  my $size = syscall $call{recvmsg}, $control, $header, $MSG_CMSG_CLOEXEC;
  return if $size < 0 && $! == $EINTR;
  syscall $call{exit_group}, 0 if $size <= 0;
  my ($length, $flags) = unpack 'x40 Q i', $header;
  # cmsg_len; there are fewer descriptors than three where this process may have no more.
  my @descriptors = unpack 'l*', substr $ancillary, 16, $length < 16 ? 0 : unpack('Q', $ancillary) - 16;
  my $id = substr $message, 0, index $message, ' ';
  my $refusal = $flags & $MSG_TRUNCATED || @descriptors != 3 ? "refused $id its message is incomplete" : stale($id);
  my $pid = defined $refusal ? undef : fork;
  if (defined $pid && $pid == 0) {
    CommonGatewayForkServer::Child::become($id, $size, \$message, @descriptors);
    return 1;
  }
  if (defined $pid) { $request_of{$pid} = $id }
  else { report(defined $refusal ? $refusal : "refused $id fork: $!") }
  syscall $call{close}, $_ for @descriptors;
  return;
}

sub stale {
  my ($id) = @_;
  my $path = CommonGatewayForkServer::WatchedFiles::changed_path();
  my $is_over = $valid_until && time >= $valid_until;
  return if !defined $path && !$is_over;
  $is_stale = 1;
  return defined $path ? "stale $id file changed: $path" : "stale $id the year has changed";
}

1;
