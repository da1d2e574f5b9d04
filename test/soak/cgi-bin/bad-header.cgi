#!/bin/sh
# What it writes is no header.
printf 'no header at all\n\n%s' "$QUERY_STRING"
