#!/bin/sh
# Has the path answer, with the query.
printf 'Location: %s?%s\n\n' "$PATH_INFO" "$QUERY_STRING"
