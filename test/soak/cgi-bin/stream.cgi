#!/bin/sh
# Says the query three times, with a while between.
printf 'Content-Type: text/plain\n\n%s\n' "$QUERY_STRING"
sleep 0.05
printf '%s\n' "$QUERY_STRING"
sleep 0.05
printf '%s\n' "$QUERY_STRING"
