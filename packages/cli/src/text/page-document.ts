import { createHash } from 'node:crypto'
import { toHtml } from './html-text.js'

/** The colours of the error page and of the demo; test/cli/palette.test.ts compares them. */
const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1c2422;
  --quiet: #55625f;
  --paper: #fbfaf7;
  --shade: #f1f0ea;
  --line: #dcdfd9;
  --accent: #0b6e63;
  --failure: #a8321f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e9e6;
    --quiet: #a0ada9;
    --paper: #131817;
    --shade: #1d2523;
    --line: #2f3a37;
    --accent: #6fd1c1;
    --failure: #ff9c86;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1.0625rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
main {
  max-width: 56rem;
  margin: 0 auto;
  padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2.5rem);
}
h1 { margin: 0 0 1.5rem; font-size: clamp(1.25rem, 4vw, 1.75rem); line-height: 1.3; }
h1 a { margin: 0 -.125rem; padding: .25rem .125rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: .25rem; }
ul { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
li {
  position: relative;
  display: grid;
  grid-template-columns: 1fr auto;
  gap: 0 1.5rem;
  align-items: baseline;
  padding: 0 .5rem;
  border-bottom: 1px solid var(--line);
}
li:hover { background: var(--shade); }
li > a, li > span:first-child { padding: .625rem 0; }
li > a::after { content: ""; position: absolute; inset: 0; }
.folder { font-weight: 600; }
.fact, time { color: var(--quiet); font-size: .9375rem; font-variant-numeric: tabular-nums; }
li .fact { text-align: right; white-space: nowrap; }
time { display: none; white-space: nowrap; }
.advice { grid-column: 1 / -1; margin: -.375rem 0 .625rem; color: var(--quiet); font-size: .9375rem; }
.failure { color: var(--failure); }
p { margin: 0 0 1rem; }
pre {
  margin: 0;
  padding: 1rem;
  border: 1px solid var(--line);
  border-radius: .375rem;
  background: var(--shade);
  font: .875rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap;
}
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (min-width: 40rem) {
  li { grid-template-columns: 1fr 7rem 10rem; }
  time { display: inline; text-align: right; }
}
`

/** No script, nothing from anywhere, no style but its own. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Fields of the response that has such a document. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

/**
 * An HTML document that needs nothing else: it has an icon, an empty one, so that what a person sees first in
 * the log is not a 404 for /favicon.ico.
 *
 * @param title - text.
 * @param heading - HTML.
 * @param content - HTML.
 */
export function createPage(title: string, heading: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${toHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${content}</main>
</body>
</html>
`
}
