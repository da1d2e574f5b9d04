#!/usr/bin/env perl
# Answers with the query.
print "Content-Type: text/plain\n\n$ENV{QUERY_STRING}";
