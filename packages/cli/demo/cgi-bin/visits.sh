#!/bin/sh
# Counts visits in one cookie and keeps the time of the last one in another.

# The value of a cookie, if it looks like ours: $1 is its name, $2 what it must be made of.
cookie() {
  printf '%s\n' "${HTTP_COOKIE:-}" | tr ';' '\n' | sed -n "s/^ *$1=\($2\)\$/\1/p" | head -n 1
}

before=$(cookie visits '[1-9][0-9]\{0,5\}')
last=$(cookie last-visit '[0-9T:-]*Z')
visits=$((${before:-0} + 1))
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

for_a_year="Max-Age=31536000; HttpOnly; SameSite=Lax"
echo "Set-Cookie: visits=$visits; $for_a_year"
echo "Set-Cookie: last-visit=$now; $for_a_year"
echo "Content-Type: text/html; charset=utf-8"
echo "Cache-Control: no-store"
echo

cat <<HTML
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cookies</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<main>
<h1>Cookies, counted by sh</h1>
<p>Visits so far: <b>$visits</b>. The last one before: ${last:-never}.</p>
<p><a href="visits.sh">Visit again</a></p>
<p><a href="/">Back to the demo</a></p>
</main>
HTML
