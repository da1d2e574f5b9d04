#!/usr/bin/env python3
"""Greets whoever fills in the form: GET shows it, POST reads what was sent."""

import html
import os
import sys
from urllib.parse import parse_qs

LIMIT = 16 * 1024

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A form</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<main>
<h1>A form, read by Python</h1>
{answer}
<form method="post" action="form.py">
<label>Your name <input name="name" required maxlength="80" autocomplete="name"></label>
<label>A message <textarea name="message" rows="3"></textarea></label>
<button>Send</button>
</form>
<p><a href="/">Back to the demo</a></p>
</main>
"""

ANSWER = "<p role='status'>Hello, <b>{name}</b>! You wrote {words} words: <q>{message}</q></p>"


def respond(status, page):
    sys.stdout.reconfigure(encoding="utf-8")
    print(f"Status: {status}")
    print("Content-Type: text/html; charset=utf-8")
    print()
    print(page, end="")


def main():
    if os.environ["REQUEST_METHOD"] != "POST":
        return respond("200 OK", PAGE.format(answer=""))

    length = int(os.environ.get("CONTENT_LENGTH", "0"))
    if length > LIMIT:
        return respond("413 Content Too Large", PAGE.format(answer="<p>That was too long.</p>"))

    body = sys.stdin.buffer.read(length).decode("ascii", "replace")
    fields = parse_qs(body)
    name = fields.get("name", ["you"])[0]
    message = fields.get("message", [""])[0]

    answer = ANSWER.format(
        name=html.escape(name),
        words=len(message.split()),
        message=html.escape(message),
    )
    respond("200 OK", PAGE.format(answer=answer))


main()
