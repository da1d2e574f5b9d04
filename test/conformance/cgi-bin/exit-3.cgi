#!/bin/sh
# Answers, and then says that it failed.
printf 'Content-Type: text/plain\n\nanswered'
exit 3
