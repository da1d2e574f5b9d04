#!/bin/sh
# Sends as many bytes as the query says.
printf 'Content-Type: application/octet-stream\n\n'
head -c "$QUERY_STRING" /dev/zero
