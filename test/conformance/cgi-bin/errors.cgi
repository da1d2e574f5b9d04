#!/bin/sh
# Writes to its standard error before, in and after its header.
echo 'on standard error' >&2
printf 'Content-Type: text/plain\n'
echo 'X-Error: on standard error' >&2
printf '\nanswered'
echo 'on standard error' >&2
