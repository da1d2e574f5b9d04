#!/bin/sh
# Does not come to the end of its header, and stays until it is stopped.
printf 'Content-Type: text/plain\n'
exec sleep 1000
