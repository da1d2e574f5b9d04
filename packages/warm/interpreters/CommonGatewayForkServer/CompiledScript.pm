package CommonGatewayForkServer::CompiledScript;

# Looks at a script that is compiled and has not run, at the end of its trial.

# A DESTROY or AUTOLOAD of these does nothing at the end of a process.
my %ends_without_work = map { ($_ => 1) } qw(AutoLoader CORE Encode::XS Fcntl POSIX Regexp Socket);

my $compares_with_start = qr/(?<![\w\$\@%&'"`>\[\^<~-])-[MAC]\b(?!\s*=>|::|->?)/;

# -M, -A and -C compare a time of a file with the start time, without any system call of their own. So their text decides, in
# all files but the tables of Unicode. What the script does with them when it runs is its own: perl has compiled as many there.
sub impurity {
  my ($script, @modules) = @_;
  for my $path ($script, @modules) {
    next if $path =~ m{/unicore/};
    my $uses = uses_of_start_time($path);
    next if defined $uses && $uses == ($path eq $script ? operations_of_run() : 0);
    return "it may compare a time of a file with its own start (-M, -A, -C) while it is compiled: $path";
  }
  return;
}

sub uses_of_start_time {
  my ($path) = @_;
  open my $file, '<', $path or return;
  my $text = do { local $/; <$file> };
  close $file;
  return 0 if $text !~ $compares_with_start;
  $text =~ s/^__(?:END|DATA)__$.*//ms;
  $text =~ s/^=[a-zA-Z].*?(?:^=cut\b|\z)//msg;
  $text =~ s/(?:^|\s)#.*$//mg;
  return scalar(() = $text =~ /$compares_with_start/g);
}

# How many of the operations that run first, outside of each sub, are -M, -A or -C.
sub operations_of_run {
  require B;
  my $count = 0;
  my @operations = B::main_root();
  while (my $operation = shift @operations) {
    $count++ if $operation->name =~ /\Aft[mac]time\z/;
    next if !($operation->flags & B::OPf_KIDS());
    for (my $kid = $operation->first; $$kid; $kid = $kid->sibling) { push @operations, $kid }
  }
  return $count;
}

# Whether no class has a DESTROY that does something.
sub ends_quickly {
  require B;
  my %seen;
  my @packages = ('main::');
  while (defined(my $package = pop @packages)) {
    next if $seen{$package}++ || $package =~ /\ACommonGatewayForkServer::/;
    my $symbols = \%{"$package"};
    for my $name (keys %$symbols) {
      push @packages, ($package eq 'main::' ? '' : $package) . $name if $name =~ /::\z/ && $name ne 'main::';
    }
    my $class = substr $package, 0, -2;
    next if $ends_without_work{$class};
    my $method = defined &{"${class}::DESTROY"} ? \&{"${class}::DESTROY"} : defined &{"${class}::AUTOLOAD"} ? \&{"${class}::AUTOLOAD"} : next;
    return if !is_empty($method);
  }
  return 1;
}

my %does_nothing = map { $_ => 1 } qw(leavesub lineseq nextstate null stub);

# Whether a sub has no statement.
sub is_empty {
  my ($method) = @_;
  my $code = B::svref_2object($method);
  return if ${$code->ROOT} == 0;
  for (my $operation = $code->START; $$operation; $operation = $operation->next) {
    return if !$does_nothing{$operation->name};
  }
  return 1;
}

1;
