#!/bin/sh
# Sends one event, and the next when the named pipe that the query names is written to.
printf 'Content-Type: text/event-stream\n\ndata: first\n\n'
read -r _ < "$QUERY_STRING"
printf 'data: second\n\n'
