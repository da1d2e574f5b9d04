#!/bin/sh
# As many bytes of cookies as the query says, each of 100 bytes.
printf 'Content-Type: text/plain\n'
head -c "$QUERY_STRING" /dev/zero | tr '\0' 'c' | fold -w 86 | sed 's/^/Set-Cookie: x=/'
printf '\n\nanswered'
