import { createHash } from 'node:crypto'
import { showControls } from '../data/visible-text.js'
import type { Explanation, Fact } from './explanation.js'

/** Colours and type are those of the demo site. */
const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1c2422;
  --quiet: #55625f;
  --paper: #fbfaf7;
  --raised: #fff;
  --line: #dcdfd9;
  --failure: #a8321f;
  --accent: #0b6e63;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e9e6;
    --quiet: #a0ada9;
    --paper: #131817;
    --raised: #1a211f;
    --line: #2f3a37;
    --failure: #ff9c86;
    --accent: #6fd1c1;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
main {
  max-width: 66rem;
  margin: 0 auto;
  padding: clamp(1.5rem, 5vw, 4rem) clamp(1rem, 4vw, 2.5rem);
}
h1 {
  margin: 0 0 1.5rem;
  font-size: clamp(1.5rem, 4.5vw, 2.125rem);
  line-height: 1.2;
  text-wrap: balance;
  overflow-wrap: break-word;
}
h1 span {
  display: block;
  margin-bottom: .5rem;
  color: var(--failure);
  font-size: 1rem;
  font-weight: 600;
}
h2 { margin: 2.5rem 0 .75rem; font-size: 1.125rem; line-height: 1.3; }
.hint {
  margin: 0 0 1.5rem;
  padding: .875rem 1rem;
  border: 1px solid var(--line);
  border-left: .25rem solid var(--accent);
  border-radius: .375rem;
  background: var(--raised);
}
.hint code { display: inline-block; max-width: 100%; }
dl { margin: 0; border-bottom: 1px solid var(--line); }
dl div { padding: .5rem 0; border-top: 1px solid var(--line); }
dt { color: var(--quiet); font-size: .9375rem; }
dd { margin: 0; }
pre, code {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .875rem;
  white-space: pre-wrap;
  tab-size: 4;
}
pre {
  margin: 0;
  padding: 1rem;
  border: 1px solid var(--line);
  border-radius: .375rem;
  background: var(--raised);
  line-height: 1.55;
  white-space: normal;
}
pre span {
  display: block;
  min-height: 1.55em;
  padding-left: 1.5rem;
  text-indent: -1.5rem;
  white-space: pre-wrap;
}
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .9375rem; }
@media (min-width: 40rem) {
  dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 1rem; align-items: baseline; }
}
`

/**
 * The Content-Security-Policy of the document: no script, no request, and no style other than its own. Output of
 * a script could do no harm even if the escaping had a hole.
 */
export const ERROR_DOCUMENT_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const DEVELOPMENT = `This page is shown because the server runs in development mode. With <code>NODE_ENV=production</code>,
clients get the status only.`

/**
 * The explanation as an HTML document without external resources.
 *
 * @param audience - the sentence at the foot that says why the page is shown; by default it names `NODE_ENV`.
 */
export function createErrorDocument(explanation: Explanation, audience?: string): string {
  const { status, sentence, hint, facts, standardError } = explanation
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(`${status}: ${sentence}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1><span>${escape(status)}</span> ${escape(sentence)}</h1>
${hint === undefined ? '' : `<p class="hint">${writeHint(hint)}</p>\n`}<dl>
${facts.map(writeFact).join('\n')}
</dl>
${writeStandardError(standardError)}<footer>
<p>${audience === undefined ? DEVELOPMENT : escape(audience)}</p>
</footer>
</main>
</body>
</html>
`
}

/** Text to type: text in backticks, and commands and options in the sentences of the command. */
const TYPED = new RegExp(
  `(${[
    '`[^`]+`',
    String.raw`chmod [+-]x (?:'(?:[^']|'\\'')*'|[\w./@:+-]*[\w/@+-])`,
    String.raw`sudo apt-get install [\w-]+`,
    String.raw`--[a-z-]+ (?:[\w.=-]*\w|\.)`,
    String.raw`#!\/(?:usr\/bin\/env \w+|[\w./-]*\w)`,
    String.raw`os\.environ\.get\([^)]*\)`,
  ].join('|')})`,
)

function writeHint(hint: string): string {
  // split() returns the text between matches at even indexes, the matches at odd ones.
  const parts = hint.split(TYPED).map((part, index) => {
    return index % 2 === 1 ? `<code>${escape(part.replaceAll('`', ''))}</code>` : escape(part)
  })
  return parts.join('')
}

function writeFact({ name, value, isVerbatim }: Fact): string {
  const text = escape(value)
  return `<div><dt>${name}</dt><dd>${isVerbatim ? `<code>${text}</code>` : text}</dd></div>`
}

function writeStandardError(text: string | undefined): string {
  if (text === undefined) return ''
  // Each line is a block, and is indented where it wraps.
  const lines = text.split('\n').map((line) => `<span>${escape(line)}</span>`)
  const content = text === '' ? '<p>Empty.</p>' : `<pre>${lines.join('\n')}</pre>`
  return `<section aria-labelledby="standard-error">
<h2 id="standard-error">End of standard error</h2>
${content}
</section>
`
}

/** Escapes text for an element or an attribute. */
function escape(text: string): string {
  return showControls(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
