#!/bin/sh
# Repeats the query, each on a line of its own, up to as many bytes as the path says.
printf 'Content-Type: text/plain\n\n'
yes "$QUERY_STRING" | head -c "${PATH_INFO#/}"
