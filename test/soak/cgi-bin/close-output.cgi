#!/bin/sh
# Answers with the query, closes its output, and goes on for a while.
printf 'Content-Type: text/plain\n\n%s' "$QUERY_STRING"
exec >&-
sleep 0.3
