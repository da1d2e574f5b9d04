import { createAssets, writeDocument } from '../text/document.js'
import { html, type Markup } from '../text/markup.js'

const ASSETS = createAssets(`
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
  font: .875rem/1.55 var(--mono);
  white-space: pre-wrap;
}
code { font-family: var(--mono); }
@media (min-width: 40rem) {
  li { grid-template-columns: 1fr 7rem 10rem; }
  time { display: inline; text-align: right; }
}
`)

/** Header fields of a response with such a page. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': ASSETS.policy,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

/** An empty icon: without one, the first request in the log would be a 404 for /favicon.ico. */
const NO_ICON = 'data:,'

/** A page with a list. */
export function writeListingPage(title: string, heading: Markup, content: Markup): string {
  const body = html`<main>
<h1>${heading}</h1>
${content}</main>
`
  return writeDocument({ title, icon: NO_ICON, body }, ASSETS)
}
