package CommonGatewayForkServer::Trial;

# The script is compiled once in advance, in a process of its own that ends there, to find out whether its compile phase
# (`use`, BEGIN, UNITCHECK, CHECK) may be shared by all requests: whether it depends on files only. The parent traces each
# system call of that process with ptrace(2), before the kernel runs it. A look at a file becomes a watch; the first call that
# does or reads anything else ends the trial, and the script is never warm. What makes no system call is recorded in the
# process itself: the variables of the request, the arguments, the start time. The clock makes none either, as it is read in
# the vDSO: its code is made data, so that each read of the clock, in Perl or in C, raises SIGSEGV.

my $PTRACE_TRACEME = 0;
my $PTRACE_CONT = 7;
my $PTRACE_SYSCALL = 24;
my $PTRACE_SETOPTIONS = 0x4200;
my $PTRACE_GET_SYSCALL_INFO = 0x420e;
my $PTRACE_SYSCALL_INFO_ENTRY = 1;
my $TRACE_OPTIONS = 0x100000 | 1;    # PTRACE_O_EXITKILL, PTRACE_O_TRACESYSGOOD
my $SYSTEM_CALL_STOP = 5 | 0x80;     # SIGTRAP, with the mark of PTRACE_O_TRACESYSGOOD
my $SIGSEGV = 11;
my $PROT_READ = 1;
my $F_DUPFD_CLOEXEC = 1030;
my $LOWEST_DESCRIPTOR = 20;    # of the findings: no file that may be written to has any other

my %call;
my $findings;

sub start { %call = @_ }

# Runs the trial in a child of the fork server. Returns in the process that compiles the script, and nowhere else.
sub run {
  my ($writer) = @_;
  CommonGatewayForkServer::load('SystemCallJudge');
  CommonGatewayForkServer::SystemCallJudge::start(%call);
  my @loaded = loaded_files();
  pipe my $reader, my $own or stop($writer, "plain pipe: $!");
  my $pid = fork;
  stop($writer, "plain fork: $!") if !defined $pid;
  if ($pid == 0) {
    close $reader;
    close $writer;
    $findings = syscall $call{fcntl}, fileno $own, $F_DUPFD_CLOEXEC, $LOWEST_DESCRIPTOR;
    close $own;
    CommonGatewayForkServer::end_protection();    # else the other process could not read its memory
    be_traced();
    return;
  }
  close $own;
  CommonGatewayForkServer::SystemCallJudge::look($_) for @loaded;
  my $reason = trace($pid);
  my %finding = map { /\A(\w+) ?(.*)\z/s } split /\n/, do { local $/; <$reader> };
  $reason = $finding{plain} if exists $finding{plain};
  stop($writer, "plain $reason") if exists $finding{plain} || !exists $finding{end};
  my $young = CommonGatewayForkServer::SystemCallJudge::young_path();
  stop($writer, "young $young has just changed") if defined $young;
  my $until = exists $finding{year} ? end_of_year() : 0;
  stop($writer, 'warm', $finding{end} eq 'quick' ? 1 : 0, $until, map { @$_ } CommonGatewayForkServer::SystemCallJudge::watches());
}

sub stop {
  my ($writer, @result) = @_;
  print {$writer} join "\0", @result;
  close $writer;
  syscall $call{exit_group}, 0;
}

# What was loaded before the trial: perl, also by the path of its command, which may be a link; its libraries, the script
# itself, a sitecustomize.pl.
sub loaded_files {
  my %paths = map { $_ => 1 } $0, $^X, command_path(), grep { defined && !ref } values %INC;
  open my $maps, '<', '/proc/self/maps' or return keys %paths;
  while (my $line = <$maps>) { $paths{$1} = 1 if $line =~ m{ (/.*)$} && $1 !~ / \(deleted\)\z/ && -f $1 }
  close $maps;
  return sort keys %paths;
}

sub command_path {
  open my $command, '<', '/proc/self/cmdline' or return;
  my ($path) = split /\0/, do { local $/; <$command> };
  return $path =~ m{\A/} ? $path : ();
}

# Time::Local reads the year when it is loaded, and nothing else of the time; so what it was until then is right for a year.
sub end_of_year {
  require Time::Local;
  return Time::Local::timelocal(0, 0, 0, 1, 0, (localtime)[5] + 1901);
}

# The side of the process that compiles

sub be_traced {
  my $now = time;
  syscall($call{ptrace}, $PTRACE_TRACEME, 0, 0, 0) == 0 or give_up('ptrace is not permitted, so that a trial is impossible');
  hide_clock() or give_up('the vDSO cannot be hidden, so that a trial is impossible');
  my %environment = %ENV;
  *CORE::GLOBAL::localtime = sub (;$) {
    return CORE::localtime($_[0]) if @_;
    return CORE::localtime() if caller ne 'Time::Local';
    send_finding('year');
    return CORE::localtime($now);
  };
  tie %ENV, 'CommonGatewayForkServer::Trial::Environment', \%environment;
  tie @ARGV, 'CommonGatewayForkServer::Trial::Arguments';
  tie $^T, 'CommonGatewayForkServer::Trial::StartTime';
  kill STOP => $$;
}

sub hide_clock {
  local $^W = 0;    # a number of more than 32 bits
  open my $maps, '<', '/proc/self/maps' or return;
  my @vdso = grep { /\[vdso\]$/ } <$maps>;
  close $maps;
  for (@vdso) {
    my ($from, $to) = map { hex } /\A([0-9a-f]+)-([0-9a-f]+) /;
    syscall($call{mprotect}, $from, $to - $from, $PROT_READ) == 0 or return;
  }
  return 1;
}

sub send_finding {
  my $line = "$_[0]\n";
  syscall $call{write}, $findings, $line, length $line;
}

sub give_up {
  my ($reason) = @_;
  send_finding("plain $reason");
  syscall $call{exit_group}, 1;
}

# Ends the process when the script is compiled. Its finding `compiled` ends the tracing.
sub finish {
  # Output of the compile phase that perl still holds is written here, and so is seen.
  my $selected = select STDERR;
  $| = 1;
  select STDOUT;
  $| = 1;
  select $selected;
  send_finding('compiled');
  my @modules = grep { defined && !ref && -f } values %INC;
  CommonGatewayForkServer::load('CompiledScript');
  my $reason = CommonGatewayForkServer::CompiledScript::impurity($0, @modules);
  give_up($reason) if defined $reason;
  send_finding(CommonGatewayForkServer::CompiledScript::ends_quickly() ? 'end quick' : 'end slow');
  syscall $call{exit_group}, 0;
}

# The side of the process that traces

# Follows the process to its end; returns the reason if it did anything that a trial does not allow.
sub trace {
  my ($pid) = @_;
  return 'ptrace is not permitted, so that a trial is impossible' if !defined stop_of($pid);
  syscall $call{ptrace}, $PTRACE_SETOPTIONS, $pid, 0, $TRACE_OPTIONS;
  my $request = $PTRACE_SYSCALL;
  while (1) {
    syscall $call{ptrace}, $request, $pid, 0, 0;
    my $signal = stop_of($pid);
    return 'it does not compile, or ends while it is compiled' if !defined $signal;
    my $reason
      = $signal == $SIGSEGV ? 'it reads the clock while it is compiled'
      : $signal != $SYSTEM_CALL_STOP ? "it gets signal $signal in its trial"
      : judge($pid, \$request);
    if (defined $reason) {
      kill KILL => $pid;
      return $reason;
    }
  }
}

# Waits for the process; returns the signal that stopped it, or nothing at its end. `waitpid` does not tell of a stop.
sub stop_of {
  my ($pid) = @_;
  my $status = "\0" x 4;
  syscall($call{wait4}, $pid, $status, 0, 0) > 0 or return;
  $status = unpack 'l', $status;
  return ($status & 0xff) == 0x7f ? $status >> 8 & 0xff : undef;
}

# struct ptrace_syscall_info: op, arch, instruction pointer, stack pointer, number, arguments
sub judge {
  my ($pid, $request) = @_;
  my $size = 88;
  my $info = "\0" x $size;
  syscall($call{ptrace}, $PTRACE_GET_SYSCALL_INFO, $pid, $size, $info) > 0
    or return 'the kernel is older than 5.3, so that a trial is impossible';
  my ($operation, $number, @arguments) = unpack 'C x23 Q7', $info;
  return if $operation != $PTRACE_SYSCALL_INFO_ENTRY;
  if ($number == $call{write} && $arguments[0] >= $LOWEST_DESCRIPTOR) {    # a finding
    $$request = $PTRACE_CONT if CommonGatewayForkServer::SystemCallJudge::string_of($pid, $arguments[1]) eq "compiled\n";
    return;
  }
  return CommonGatewayForkServer::SystemCallJudge::reason($pid, $number, @arguments);
}

package CommonGatewayForkServer::Trial::Environment;

# %ENV in which a variable of the request cannot be looked at, and none can be changed.
sub check {
  my ($name) = @_;
  CommonGatewayForkServer::Trial::give_up("it reads $name while it is compiled")
    if CommonGatewayForkServer::is_request_variable($name);
}

sub change { CommonGatewayForkServer::Trial::give_up("it sets $_[0] while it is compiled") }

sub TIEHASH { return bless $_[1], $_[0] }
sub FETCH { check($_[1]); return $_[0]{$_[1]} }
sub EXISTS { check($_[1]); return exists $_[0]{$_[1]} }
sub STORE { change($_[1]) }
sub DELETE { check($_[1]); change($_[1]) if exists $_[0]{$_[1]}; return }
sub CLEAR { change('%ENV') }
sub FIRSTKEY { CommonGatewayForkServer::Trial::give_up('it reads all variables while it is compiled') }
sub NEXTKEY { return }
sub SCALAR { return 1 }
sub UNTIE { return }

package CommonGatewayForkServer::Trial::Arguments;

sub give_up { CommonGatewayForkServer::Trial::give_up('it reads @ARGV while it is compiled') }

sub TIEARRAY { return bless [], $_[0] }
sub AUTOLOAD { give_up() }
sub UNTIE { return }
sub DESTROY { return }

package CommonGatewayForkServer::Trial::StartTime;

sub TIESCALAR { return bless [], $_[0] }
sub FETCH { CommonGatewayForkServer::Trial::give_up('it reads $^T while it is compiled') }
sub STORE { CommonGatewayForkServer::Trial::give_up('it sets $^T while it is compiled') }

1;
