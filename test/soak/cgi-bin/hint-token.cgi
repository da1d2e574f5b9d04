#!/bin/sh
# Sends a hint, and answers with the query.
printf 'Status: 103 Early Hints\nLink: </a.css>; rel=preload; as=style\n\n'
printf 'Content-Type: text/plain\n\n%s' "$QUERY_STRING"
