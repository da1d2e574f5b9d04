#!/bin/sh
# Sends half of a body, and is killed when the named pipe that the query names is written to.
printf 'Content-Type: text/plain\n\nhalf'
read -r _ < "$QUERY_STRING"
kill -KILL $$
