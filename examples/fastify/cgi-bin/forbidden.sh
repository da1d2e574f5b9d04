#!/bin/sh
echo 'Status: 403 Forbidden'
echo 'Content-Type: application/json'
echo
echo '{"error": "forbidden"}'
