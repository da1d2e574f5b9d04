#!/usr/bin/python3
import argparse
import email.message
import html
import http.cookies
import json
import urllib.parse

print('Content-Type: text/plain\n\n' + json.dumps(html.escape('hello')))
