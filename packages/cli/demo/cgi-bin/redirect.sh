#!/bin/sh
# /cgi-bin/redirect.sh        sends the browser to another address
# /cgi-bin/redirect.sh?local  has the server answer with that page itself

if [ "$QUERY_STRING" != local ]; then
  echo "Status: 302 Found"
fi
echo "Location: /arrived.html"
echo
