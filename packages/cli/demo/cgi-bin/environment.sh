#!/bin/sh
# Shows the environment that it was given.

echo "Content-Type: text/html; charset=utf-8"
echo

cat <<'HTML'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The environment</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<main>
<h1>The environment of a script</h1>
<pre tabindex="0">
HTML

env | sort | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'

cat <<'HTML'
</pre>
<p><a href="/">Back to the demo</a></p>
</main>
HTML
