import { createHash } from 'node:crypto'
import { html, Markup } from './markup.js'
import { PALETTE } from './palette.js'

/** The style sheet and the script that a document contains, and the Content-Security-Policy for them. */
export interface Assets {
  readonly style: string
  /** A module; undefined for a document without one. */
  readonly script: string | undefined
  readonly policy: string
}

/** A document without its frame. */
export interface Content {
  readonly title: string
  /** A URL. */
  readonly icon: string
  readonly body: Markup
}

/** Adds the palette to a style sheet, and allows exactly this style sheet and this script. */
export function createAssets(sheet: string, script?: string): Assets {
  const style = PALETTE + sheet
  return { style, script, policy: createPolicy(style, script) }
}

/**
 * Without a script, nothing is allowed but the style. With one, connections and forms to the same origin are
 * allowed too. Text of a request or of a script stays inert even if the escaping has a bug.
 */
function createPolicy(style: string, script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`, "connect-src 'self'"]),
    'img-src data:',
    `form-action ${script === undefined ? "'none'" : "'self'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** One self-contained HTML document. */
export function writeDocument({ title, icon, body }: Content, { style, script }: Assets): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${icon}">
<style>${new Markup(style)}</style>
</head>
<body>
${body}${
  script &&
  html`<script type="module">${new Markup(script)}</script>
`
}</body>
</html>
`.text
}
