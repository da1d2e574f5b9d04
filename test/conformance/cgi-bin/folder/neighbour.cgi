#!/bin/sh
# Reads a file that lies next to it.
printf 'Content-Type: text/plain\n\n'
cat neighbour.txt
