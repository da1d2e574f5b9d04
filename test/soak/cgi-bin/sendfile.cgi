#!/bin/sh
# Has the host send a file.
printf 'Content-Type: text/plain\nX-Sendfile: %s\n\n' "$SENT_FILE"
