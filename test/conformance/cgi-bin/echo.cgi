#!/bin/sh
# Sends its input back as it reads it.
printf 'Content-Type: application/octet-stream\n\n'
exec cat
