import { STATUS_CODES } from 'node:http'
import { STATUS_PATH } from '../access/access.js'
import type { Inspection } from './inspection.js'
import { html, type Markup } from '../text/markup.js'
import { describeMounts } from './mounts.js'
import { createShellLine } from './shell-line.js'

/** The input of the form. */
export interface Question {
  readonly method: string
  /** As it was typed. */
  readonly url: string
}

/** The result for that input. */
export interface Finding {
  /** The URL as the server would get it. */
  readonly url: string
  readonly inspection: Inspection
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Methods whose requests come with content. */
const WITH_CONTENT = ['POST', 'PUT', 'PATCH']

/**
 * Creates the page that shows which script would run for a URL.
 *
 * @param mounts - URLs of the gateways, without a trailing slash.
 */
export function writeInspect(
  question: Question,
  finding: Finding | undefined,
  mounts: readonly string[],
): Markup {
  return html`<h1>Inspect</h1>
<p class="lead">Which script would run for a URL, and with which environment. Nothing is run.</p>
${writeForm(question)}${finding === undefined ? writeInvitation(mounts) : writeFinding(question.method, finding, mounts)}`
}

function writeForm({ method, url }: Question): Markup {
  const methods = METHODS.includes(method) ? METHODS : [...METHODS, method]
  const options = methods.map((name) => {
    return html`<option${name === method ? SELECTED : ''}>${name}</option>`
  })
  return html`<form action="${STATUS_PATH}/inspect">
<label>Method <select name="method">${options}</select></label>
<label class="wide">URL <input name="url" value="${url}" required placeholder="/cgi-bin/script.py/path?query" autocapitalize="off" autocomplete="off" spellcheck="false"></label>
<button>Inspect</button>
</form>
`
}

const SELECTED = html` selected`

function writeInvitation(mounts: readonly string[]): Markup {
  return html`<p class="empty">${describeMounts(mounts)} Enter the URL of a script; a path and a query can follow it.</p>
`
}

function writeFinding(
  method: string,
  { url, inspection }: Finding,
  mounts: readonly string[],
): Markup {
  switch (inspection.type) {
    case 'run':
      return writeRun(method, url, inspection)
    case 'redirect':
      return writeNothing(
        `308 ${STATUS_CODES[308]}`,
        'Nothing would be run: it is a folder, and its URL lacks the trailing slash',
        html`<p>The response is a redirect to <code>${inspection.location}</code>.</p>`,
      )
    case 'refusal':
      return writeRefusal(inspection)
    case 'no-method':
      return writeNothing(
        `400 ${STATUS_CODES[400]}`,
        'Nothing would be run: the server does not know the method',
        html`<p>The HTTP parser refuses ${method} before the URL is looked up.</p>`,
      )
    case 'nothing':
      return inspection.mount === undefined
        ? writeNothing(
            'No script',
            'Nothing would be run: no gateway has this URL',
            html`<p>The response is a file of the site, or 404. ${describeMounts(mounts)}</p>`,
          )
        : writeNothing(
            'No script',
            'Nothing would be run: there is no such script',
            html`<p>The folder of scripts has no file at this path. The response is 404, or a list of a folder.
Check the spelling, including upper and lower case.</p>`,
          )
  }
}

function writeNothing(status: string, sentence: string, content: Markup): Markup {
  return html`<h2 class="verdict"><span>${status}</span> ${sentence}</h2>
${content}
`
}

function writeRefusal({ error, hint }: Extract<Inspection, { type: 'refusal' }>): Markup {
  const { statusCode, message, reason, script, headers } = error
  const facts: [name: string, value: string | Markup | undefined][] = [
    ['Script', script === undefined ? undefined : html`<code>${script}</code>`],
    ['Reason', reason],
    ['Allowed methods', headers?.['allow']],
  ]
  const items = facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)
  return writeNothing(
    `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`,
    `Nothing would be run: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    html`${
      hint &&
      html`<p class="hint">${hint}</p>
`
    }<dl>${items}</dl>`,
  )
}

function writeRun(
  method: string,
  url: string,
  { mount, script, command, cwd, account, environment, hint }: Extract<Inspection, { type: 'run' }>,
): Markup {
  const hasInput = WITH_CONTENT.includes(method)
  const names = Object.keys(environment).toSorted()
  const sorted = Object.fromEntries(names.map((name) => [name, environment[name] ?? '']))
  const shellLine = createShellLine({ command, cwd, environment: sorted, hasInput })
  const lines = shellLine.split('\n').map(
    (line) => html`<span>${line}</span>
`,
  )
  const rows = names.map((name) => {
    return html`<tr><th scope="row">${name}</th><td>${toText(environment[name] ?? '')}</td></tr>
`
  })
  return html`<h2 class="verdict good"><span>${method} ${url}</span> would run <code>${script.file}</code></h2>
${
  hint &&
  html`<p class="hint">The system cannot execute it as it is. ${hint}.</p>
`
}<dl>
<div><dt>Command line</dt><dd><code>${command.map(toText).join(' ')}</code></dd></div>
<div><dt>SCRIPT_NAME</dt><dd><code>${script.scriptName}</code></dd></div>
<div><dt>PATH_INFO</dt><dd>${script.pathInfo === '' ? 'none: the URL ends at the script' : html`<code>${script.pathInfo}</code>`}</dd></div>
<div><dt>Working folder</dt><dd><code>${cwd}</code></dd></div>
${
  account === undefined
    ? ''
    : html`<div><dt>Runs as</dt><dd>${account}</dd></div>
`
}<div><dt>Mounted at</dt><dd><code>${mount}/</code></dd></div>
</dl>
<section aria-labelledby="shell">
<div class="title"><h2 id="shell">By hand</h2> <button type="button" data-copy="shell-line" hidden>Copy</button></div>
<p class="quiet">This command runs it in a terminal as the server would${account === undefined ? '' : ', but as your own user'}.${hasInput ? html` Its standard input is the content of the request: type it, or pipe it with <code>|</code>.` : ''}</p>
<pre id="shell-line" tabindex="0" aria-labelledby="shell">${lines}</pre>
</section>
<section aria-labelledby="environment">
<h2 id="environment">The environment</h2>
<p class="quiet">As for a request from this browser: the header fields are those of the request for this page.
${hasInput ? 'CONTENT_LENGTH and CONTENT_TYPE come with the content. ' : ''}Values are shown as the script gets them, including secrets given by <code>--env</code>.</p>
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>
`
}

/** A byte string as text; bytes that are not UTF-8 are shown as escapes. */
function toText(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  const isText = Buffer.from(text, 'utf8').toString('latin1') === bytes
  if (isText) return text
  return bytes.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
}
