#!/bin/sh
# Leaves twenty children, which hold its output and its errors open and write on after it has ended.
printf 'Content-Type: text/plain\n\n%s\n' "$$"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  (sleep 0.5; echo late; echo late >&2) &
done
