#!/bin/sh
echo 'Content-Type: text/plain'
echo
echo "Hello from $SCRIPT_NAME to $REMOTE_ADDR"
