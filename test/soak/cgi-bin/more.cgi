#!/bin/sh
# Answers with the query, and writes more than it has promised.
printf 'Content-Length: %s\n\n%sand more' "${#QUERY_STRING}" "$QUERY_STRING"
