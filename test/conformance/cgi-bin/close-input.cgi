#!/bin/sh
# Closes its input unread, and answers after that.
exec 0<&-
printf 'Content-Type: text/plain\nContent-Length: 6\n\nclosed'
