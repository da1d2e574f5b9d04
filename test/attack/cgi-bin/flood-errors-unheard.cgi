#!/bin/sh
# Closes its output, and floods its errors after that.
printf 'Content-Type: text/plain\n\nanswered\n'
exec >&-
head -c 4194304 /dev/zero | tr '\0' 'e' >&2
