package CommonGatewayForkServer::WatchedFiles;

# The files that the compiled script depends on, and whether each is still what it was. A watch is a path and the kind of
# look that the compile phase took at it:
#   file       its content, or the names in a folder: every field of its stat but the time of access
#   link       the same of the link itself
#   directory  which one it is, its mode and its owner: its times change with each file that is made in it
#   directory link  the same of a path that was looked at as a link may be
#   absent     that it is not there: a module that appears in an earlier folder of @INC shadows the one that was loaded
# Absent paths are many (each folder of @INC before the right one, for each module), so that the folders in which they would
# appear are looked at instead; where one has changed, its absent paths are looked at one by one.

my $AT_FDCWD = -100;
my $AT_SYMLINK_NOFOLLOW = 0x100;
my $LENGTH = 104;
my $NOT_THERE = "\0" x $LENGTH;

# Changes within this many seconds of a look can be invisible: two within one tick of the clock leave the same times.
my $TICK = 2;

my $S_IFMT = 0170000;
my $S_IFREG = 0100000;

my ($newfstatat, $mode_position);
my $stat = "\0" x 256;
my (@paths, @flags, @kinds, %absent);
my $expected = '';
my $files;

sub start { ($newfstatat, $mode_position) = @_ }

# The fields of struct stat that tell one state of a file from another; its times have nanoseconds. `st_atime` is left out.
sub signature {
  my ($path, $kind) = @_;
  syscall($newfstatat, $AT_FDCWD, $path, $stat, $kind =~ /link\z/ ? $AT_SYMLINK_NOFOLLOW : 0) == 0 or return '';
  return substr($stat, 0, 72) . substr($stat, 88, 32);
}

# Not `-f`: that would be the last stat of the script.
sub is_regular {
  my ($path) = @_;
  my $signature = signature($path, 'file');
  return $signature ne '' && (unpack('L', substr $signature, $mode_position, 4) & $S_IFMT) == $S_IFREG;
}

# st_dev and st_ino; in a folder also st_mode, st_uid and st_gid
sub identity { return substr $_[0], 0, 16 }

sub folder_identity { return identity($_[0]) . substr $_[0], $mode_position, 12 }

sub identity_of { return identity(signature($_[0], 'file')) }

# The seconds of st_ctime, which each change of content, name or mode sets to the time of the change.
sub changed_at { return unpack 'q', substr $_[0], 88, 8 }

# Whether a file may have changed after a point of time, in whole seconds.
sub is_young { return $_[0] ne '' && changed_at($_[0]) > $_[1] - $TICK }

# Adds a watch that a trial has found, with the signature that it saw.
sub watch {
  my ($kind, $signature, $path) = @_;
  if ($kind eq 'absent') { $absent{$path} = 1 }
  else { add($kind, $signature, $path) }
}

# After the last watch. The first request looks at each absent path, for one may be there since.
sub complete {
  $files = @paths;
  watch_folders(1);
}

sub add {
  my ($kind, $signature, $path) = @_;
  push @kinds, $kind;
  push @paths, $path;
  push @flags, $kind =~ /link\z/ ? $AT_SYMLINK_NOFOLLOW : 0;
  $expected .= $signature;
}

# Watches the folders in which the absent paths would appear. One that has changed just now is never as it is expected, so
# that its absent paths are looked at for each request.
sub watch_folders {
  my ($look_again) = @_;
  $#paths = $#flags = $#kinds = $files - 1;
  substr($expected, $files * $LENGTH) = '';
  my %folders;
  for my $path (keys %absent) {
    my ($folder, $signature) = nearest_folder($path);
    $folders{$folder} = $look_again || is_young($signature, time) ? $NOT_THERE : $signature;
  }
  add('folder', $folders{$_}, $_) for sort keys %folders;
}

sub nearest_folder {
  my ($path) = @_;
  while ($path =~ s{/+[^/]*\z}{}) {
    my $folder = $path eq '' ? '/' : $path;
    my $signature = signature($folder, 'file');
    return ($folder, $signature) if $signature ne '';
  }
  return ('/', $NOT_THERE);
}

# The path that is no longer what it was, or nothing.
sub changed_path {
  my $folder_changed;
  for (my $at = 0; $at < @paths; $at++) {
    my $now = syscall($newfstatat, $AT_FDCWD, $paths[$at], $stat, $flags[$at]) == 0 ? substr($stat, 0, 72) . substr($stat, 88, 32) : $NOT_THERE;
    my $then = substr $expected, $at * $LENGTH, $LENGTH;
    next if $now eq $then;
    if ($kinds[$at] eq 'folder') { $folder_changed = 1 }
    elsif ($kinds[$at] =~ /\Adirectory/ && folder_identity($now) eq folder_identity($then)) { substr($expected, $at * $LENGTH, $LENGTH) = $now }
    else { return $paths[$at] }
  }
  return $folder_changed ? appeared_path() : undef;
}

sub appeared_path {
  watch_folders(0);    # before the look: what appears after it changes a folder again
  for my $path (keys %absent) { return $path if signature($path, 'file') ne '' }
  return;
}

1;
