#!/bin/sh
# Answers with the query.
printf 'Content-Type: text/plain\n\n%s' "$QUERY_STRING"
