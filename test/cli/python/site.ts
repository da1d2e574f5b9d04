import { chmodSync, renameSync, symlinkSync, utimesSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { createSite } from '../site.js'

/** When every file was last changed. */
const MODIFIED = new Date('2024-05-06T07:08:09Z')

/** A Python script that prints its header first, as they all do. */
const python = (...lines: string[]): string => `#!/usr/bin/env python3\n${lines.join('\n')}\n`
const shell = (...lines: string[]): string => `#!/bin/sh\n${lines.join('\n')}\n`

const TEXT = `print("Content-Type: text/plain")`
const EMPTY = 'print()'

/** Tells all that it sees, but for what the test's own environment has. */
const SEEN = python(
  'import json, os, sys',
  TEXT,
  EMPTY,
  'print(json.dumps({',
  '    "variables": dict(os.environ),',
  '    "arguments": sys.argv[1:],',
  '    "folder": os.getcwd(),',
  '    "user": os.getuid(),',
  '}))',
)

/** Reads a form as the scripts of that time did: by the method, and by the length. */
const FORM = python(
  'import os, sys',
  'from urllib.parse import parse_qsl',
  'if os.environ["REQUEST_METHOD"] == "POST":',
  '    text = sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0))',
  'else:',
  '    text = os.environ["QUERY_STRING"]',
  'print("Content-Type: text/html; charset=utf-8")',
  EMPTY,
  'for name, value in parse_qsl(text):',
  '    print(f"<p>{name} is {value}</p>")',
)

const SCRIPTS = {
  'hello.py': python(TEXT, EMPTY, 'print("Hello from Python")'),
  'hello.sh': shell(`printf 'Content-Type: text/plain\\n\\nHello from a shell\\n'`),
  'form.py': FORM,
  'seen.py': SEEN,
  'deep/hello.py': python(TEXT, EMPTY, 'print("Hello from further down")'),
  'cookies.sh': shell(
    `printf 'Set-Cookie: a=1\\nSet-Cookie: b=2\\nContent-Type: text/plain\\n\\nset'`,
  ),
  'forbidden.sh': shell(`printf 'Status: 403 Forbidden\\nContent-Type: text/plain\\n\\nnot you'`),
  'moved.sh': shell(`printf 'Status: 303 See Other\\nLocation: /page.html\\n\\n'`),
  'elsewhere.sh': shell(`printf 'Location: http://example.org/\\n\\n'`),
  'local.sh': shell(`printf 'Location: /notes.txt\\n\\n'`),
  'nph-raw.sh': shell(
    `printf 'HTTP/1.1 410 Gone\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\n\\r\\nraw'`,
  ),
  'fails.py': python('raise ValueError("no")'),
  // What cgitb, which Python 3.13 has no more, makes of an error.
  'cgitb.py': python('print("<!--: spam\\nContent-Type: text/html\\n\\n<p>ValueError")', 'exit(1)'),
  'fails-late.sh': shell(`printf 'Content-Type: text/plain\\n\\nhalf'; exit 3`),
  'silent.sh': shell('exit 0'),
  'no-header.sh': shell(`echo 'Hello'`),
  'no-line.sh': `printf 'Content-Type: text/plain\\n\\nno first line'\n`,
  'no-interpreter.sh': '#!/no/such/interpreter\n',
  'reads-all.sh': shell(`printf 'Content-Type: text/plain\\n\\n'; timeout 0.5 cat; echo " $?"`),
  'relative.sh': shell(`printf 'Content-Type: text/plain\\n\\n'; cat notes.txt 2>/dev/null`),
  'plain.py': python(TEXT, EMPTY, 'print("run by its extension")'),
  'plain.txt': 'a text',
  'index.py': python(TEXT, EMPTY, 'print("index")'),
}

const FILES = {
  'page.html': '<!doctype html><title>A page</title>',
  'latin.html': '<meta charset="iso-8859-1">',
  'notes.txt': 'some notes',
  'style.css': 'p {}',
  'code.js': 'void 0',
  'data.json': '{}',
  'picture.png': 'png',
  'picture.svg': '<svg/>',
  'archive.tar.gz': 'gz',
  'program.py': 'print()',
  README: 'no extension',
  'what.unknown': 'unknown',
  'With blanks & ü.txt': 'odd name',
  'with-index/index.html': '<p>index',
  'with-htm/index.htm': '<p>index',
  'folder/10.txt': '',
  'folder/9.txt': '',
  'folder/inner/a.txt': '',
  'folder/.hidden': '',
  '.hidden': 'hidden',
  'htbin/hello.sh': SCRIPTS['hello.sh'],
  'project/cgi-bin/hello.sh': SCRIPTS['hello.sh'],
}

/** Scripts without execute permission. */
const PLAIN = ['plain.py', 'plain.txt']

/** Makes the folder that both serve: what its owner had with Python. It is gone after the test. */
export function createPythonSite(t: Test): string {
  const scripts = Object.entries(SCRIPTS).map(([name, text]) => [`cgi-bin/${name}`, text] as const)
  const folder = createSite(t, { ...FILES, ...Object.fromEntries(scripts) })
  // Python's server runs scripts as nobody, if it is the superuser's.
  chmodSync(folder, 0o755)
  chmodSync(path.join(folder, 'htbin/hello.sh'), 0o755)
  for (const name of PLAIN) chmodSync(path.join(folder, 'cgi-bin', name), 0o644)
  for (const name of Object.keys(FILES)) utimesSync(path.join(folder, name), MODIFIED, MODIFIED)
  const outside = createSite(t, { 'outside.txt': 'outside' })
  symlinkSync(path.join(outside, 'outside.txt'), path.join(folder, 'link.txt'))
  symlinkSync('notes.txt', path.join(folder, 'same.txt'))
  renameSync(path.join(folder, 'cgi-bin/index.py'), path.join(folder, 'cgi-bin/deep/index.py'))
  return folder
}
