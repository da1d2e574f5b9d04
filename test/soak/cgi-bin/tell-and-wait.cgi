#!/bin/sh
# Answers with the query and the number of its process, and stays until it is stopped.
printf 'Content-Type: text/plain\n\n%s %s\n' "$QUERY_STRING" "$$"
exec sleep 1000
