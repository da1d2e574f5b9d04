#!/bin/sh
# Not parsed: sends its input back as it reads it.
printf 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n'
exec cat
