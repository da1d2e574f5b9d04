#!/bin/sh
# Says no: a script decides on the status line.

echo "Status: 403 Forbidden"
echo "Content-Type: application/json"
echo
echo '{"error": "forbidden", "message": "You may not see this."}'
