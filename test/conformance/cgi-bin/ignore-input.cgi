#!/bin/sh
# Answers without having read anything.
printf 'Content-Type: text/plain\nContent-Length: 7\n\nignored'
