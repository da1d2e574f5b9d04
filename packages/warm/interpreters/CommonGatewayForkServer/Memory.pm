package CommonGatewayForkServer::Memory;

# A child copies each page that it writes first. After a script is compiled the free memory lies scattered among what is in
# use, so that each little piece that a child allocates would cost it another page. The fork server takes up these gaps, and
# keeps them; then its children allocate side by side, at the end of the memory.

my @sizes = (16384, 4096, 1024, 512, 256, 128, 96, 64, 48, 32, 16);    # bytes
my $beyond_gaps = 100_000;                                               # bytes, below M_MMAP_THRESHOLD of malloc
my $most = 5_000;                                                        # pieces of each size

my (@pieces, %entries);

sub fill_gaps {
  my $end = address('x' x $beyond_gaps);
  for my $size (@sizes) {
    for (1 .. $most) {
      push @pieces, 'x' x $size;
      last if address($pieces[-1]) >= $end;
    }
  }
  # What perl itself keeps free: heads of scalars, their bodies with magic, entries of hashes.
  push @pieces, undef for 1 .. 500;
  for (1 .. 100) { my $magical = 'x'; pos($magical) = 0; push @pieces, \$magical }
  $entries{$_} = 1 for 1 .. 100;
}

sub address { return unpack 'J', pack 'p', $_[0] }

1;
