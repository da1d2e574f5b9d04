#!/bin/sh
# Is not to be found.
printf 'Content-Type: text/plain\n\nsecret'
