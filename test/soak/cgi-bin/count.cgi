#!/bin/sh
# Reads all of its input, then answers with the query and how much it was.
size=$(wc -c)
printf 'Content-Type: text/plain\n\n%s %s' "$QUERY_STRING" "$size"
