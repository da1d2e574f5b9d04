#!/bin/sh
# Answers with the query, and writes less than it has promised.
printf 'Content-Length: 1000\n\n%s' "$QUERY_STRING"
