#!/bin/sh
# Not parsed: sends one event, and the next when the named pipe that the query names is written to.
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: first\n\n'
read -r _ < "$QUERY_STRING"
printf 'data: second\n\n'
