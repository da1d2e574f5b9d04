#!/usr/bin/perl
# Prints the bytes that the query gives in hexadecimal, each in a write of its own.
syswrite STDOUT, $_ for split //, pack 'H*', $ENV{QUERY_STRING};
