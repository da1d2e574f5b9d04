#!/bin/sh
# Says the query again and again, and never comes to an end.
printf 'Content-Type: text/plain\n\n'
while :; do
  printf '%s\n' "$QUERY_STRING"
  sleep 0.1
done
