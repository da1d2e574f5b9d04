#!/bin/sh
# Answers with the query, in a response of its own.
printf 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s' "$QUERY_STRING"
