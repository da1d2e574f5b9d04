#!/usr/bin/perl
# Sends a header field whose value has as many bytes as the query says.
print "Content-Type: text/plain\nX-Fill: ", 'x' x $ENV{QUERY_STRING}, "\n\nfilled";
