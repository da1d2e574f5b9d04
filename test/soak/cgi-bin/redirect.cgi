#!/bin/sh
# Sends the client elsewhere, with the query.
printf 'Location: http://elsewhere.example/%s\n\n' "$QUERY_STRING"
