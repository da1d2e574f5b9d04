#!/bin/sh
# Writes a little, for a while, whether or not anybody listens.
printf 'Content-Type: text/plain\n\n'
for _ in 1 2 3 4 5; do
  echo working
  sleep 0.05
done
