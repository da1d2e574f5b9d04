#!/bin/sh
# Sends its header, and its body when the named pipe that the query names is written to.
printf 'Content-Type: text/plain\nX-First: yes\n\n'
read -r _ < "$QUERY_STRING"
printf 'body'
