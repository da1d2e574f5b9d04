#!/usr/bin/perl
# Prints the bytes that the query gives in hexadecimal, and nothing else.
binmode STDOUT;
print pack 'H*', $ENV{QUERY_STRING};
