#!/bin/sh
# A header field of 100 MB, in one line.
printf 'X-Huge: '
head -c 104857600 /dev/zero | tr '\0' 'x'
