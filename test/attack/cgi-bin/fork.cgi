#!/bin/sh
# Each of three generations starts three children, all of which wait until they are stopped.
fork() {
  [ "$1" -gt 0 ] || exec sleep 1000
  fork $(($1 - 1)) & fork $(($1 - 1)) & fork $(($1 - 1)) &
  wait
}
printf 'Content-Type: text/plain\n\nforking\n'
fork 3
