import { html, type Markup } from '../text/markup.js'
import type { Inspection } from './inspection.js'
import { createShellLine } from './shell-line.js'

/** Methods whose requests come with content. */
const WITH_CONTENT = ['POST', 'PUT', 'PATCH']

/** What would run: the command line, the variables, and a command for a terminal. */
export function writeRun(
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
