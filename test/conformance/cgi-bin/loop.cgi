#!/bin/sh
# Redirects to itself for ever.
printf 'Location: %s\n\n' "$SCRIPT_NAME"
