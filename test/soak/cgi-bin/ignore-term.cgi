#!/bin/sh
# Answers with the query, and does not stop when asked to, nor does its child.
trap '' TERM
printf 'Content-Type: text/plain\n\n%s\n' "$QUERY_STRING"
sleep 1000
