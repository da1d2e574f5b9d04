#!/bin/sh
# Writes a megabyte to its standard error before it answers.
head -c 1048576 /dev/zero | tr '\0' 'e' | fold -w 100 >&2
printf 'Content-Type: text/plain\n\nanswered'
