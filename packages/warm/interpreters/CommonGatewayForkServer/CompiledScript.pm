package CommonGatewayForkServer::CompiledScript;

# Looks at a script that is compiled and has not run, at the end of its trial.

# A DESTROY or AUTOLOAD of these does nothing at the end of a process.
my %ends_without_work = map { ($_ => 1) } qw(AutoLoader CORE Encode::XS Fcntl POSIX Regexp Socket);

# -M, -A and -C compare with the start time without any call that a trial sees. So their text decides, but for comments,
# documentation and options in quotation marks.
sub impurity {
  my (@sources) = @_;
  for my $path (@sources) {
    open my $file, '<', $path or return "it cannot be read: $path";
    local $/;
    my $text = <$file>;
    close $file;
    next if $text !~ /(?<![\w\$\@%&'"`-])-[MAC]\s*(?:[\$("'_]|[A-Z])/;
    $text =~ s/^__(?:END|DATA)__$.*//ms;
    $text =~ s/^=[a-zA-Z].*?(?:^=cut\b|\z)//msg;
    $text =~ s/^\s*#.*$//mg;
    return "it may compare a file's time with its own start (-M, -A, -C) while it is compiled: $path"
      if $text =~ /(?<![\w\$\@%&'"`-])-[MAC]\s*(?:[\$("'_]|[A-Z]+\b(?![\w:]|->))/;
  }
  return;
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
