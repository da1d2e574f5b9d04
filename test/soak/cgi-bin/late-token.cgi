#!/bin/sh
# Answers with the query, after a while.
sleep 0.3
printf 'Content-Type: text/plain\n\n%s' "$QUERY_STRING"
