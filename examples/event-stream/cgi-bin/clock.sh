#!/bin/sh
printf 'Content-Type: text/event-stream\nCache-Control: no-cache\n\n'
id=${HTTP_LAST_EVENT_ID:-0}
while :; do
  id=$((id + 1))
  printf 'id: %d\ndata: %s\n\n' "$id" "$(date -u +%T)"
  sleep 1
done
