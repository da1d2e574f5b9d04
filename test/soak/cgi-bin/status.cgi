#!/bin/sh
# Answers with the status that the path gives, and with the query.
printf 'Status: %s\nContent-Type: text/plain\n\n%s' "${PATH_INFO#/}" "$QUERY_STRING"
