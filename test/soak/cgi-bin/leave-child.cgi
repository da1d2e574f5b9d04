#!/bin/sh
# Answers with the query, and leaves a child for a second that holds its output and its errors open.
sleep 1 &
printf 'Content-Type: text/plain\n\n%s' "$QUERY_STRING"
