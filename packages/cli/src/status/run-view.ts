import { toBytes } from '../text/byte-text.js'
import { html, type Markup } from '../text/markup.js'
import type { Inspection } from './inspection.js'
import { describeServer } from '../site/application-servers.js'
import { createShellLine, type ShellCall } from './shell-line.js'

/** Methods whose requests come with content. */
const WITH_CONTENT = ['POST', 'PUT', 'PATCH']

type Run = Extract<Inspection, { type: 'run' }>

/** What would run: the command line, the variables, and a command for a terminal. */
export function writeRun(method: string, url: string, run: Run): Markup {
  const { mount, script, server, environment, hint } = run
  const hasInput = WITH_CONTENT.includes(method)
  const names = Object.keys(environment).toSorted()
  const sorted = Object.fromEntries(names.map((name) => [name, environment[name] ?? '']))
  const shellLine = createShellLine({ ...callByHand(run), environment: sorted, hasInput })
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
${
  server === undefined
    ? html`<div><dt>Command line</dt><dd><code>${run.command.map(toText).join(' ')}</code></dd></div>`
    : html`<div><dt>Application server</dt><dd><code>${describeServer(server)}</code></dd></div>`
}
<div><dt>SCRIPT_NAME</dt><dd><code>${script.scriptName}</code></dd></div>
<div><dt>PATH_INFO</dt><dd>${script.pathInfo === '' ? 'none: the URL ends at the script' : html`<code>${script.pathInfo}</code>`}</dd></div>
${server === undefined ? writeRights(run) : ''}${writeWarm(run)}<div><dt>Mounted at</dt><dd><code>${mount}/</code></dd></div>
</dl>
<section aria-labelledby="shell">
<div class="title"><h2 id="shell">By hand</h2> <button type="button" data-copy="shell-line" hidden>Copy</button></div>
<p class="quiet">${explainByHand(run)}${hasInput ? html` Its standard input is the content of the request: type it, or pipe it with <code>|</code>.` : ''}</p>
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

function writeRights({ cwd, account }: Run): Markup {
  return html`<div><dt>Working folder</dt><dd><code>${cwd}</code></dd></div>
${
  account === undefined
    ? ''
    : html`<div><dt>Runs as</dt><dd>${account}</dd></div>
`
}`
}

function writeWarm({ warm }: Run): Markup | '' {
  if (warm === undefined) return ''
  const { state, reason, pid } = warm
  const how =
    state === 'warm'
      ? `in process ${pid}, which has it loaded`
      : `plainly${reason === undefined ? ' until it has run often' : `: ${reason}`}`
  return html`<div><dt>Starts</dt><dd>${how}</dd></div>
`
}

/** The program for a terminal. cgi-fcgi(1) sends its environment and its standard input to a server. */
function callByHand({ command, cwd, server }: Run): Pick<ShellCall, 'command' | 'cwd'> {
  if (server === undefined) return { command, cwd }
  const [address] = [server.address ?? []].flat()
  if (address === undefined) return { command: [server.spawn ?? []].flat().map(toBytes), cwd }
  const connect = ['-bind', '-connect', address.replace(/^unix:/, '')]
  return { command: ['cgi-fcgi', ...connect].map(toBytes), cwd: undefined }
}

function explainByHand({ account, server }: Run): string | Markup {
  if (server?.address !== undefined) {
    return html`This command sends the request to the application server in a terminal. Its program <code>cgi-fcgi</code> is in the Debian package libfcgi-bin.`
  }
  const user = account === undefined ? '' : ', but as your own user'
  if (server === undefined) return `This command runs it in a terminal as the server would${user}.`
  return `This command runs it in a terminal, in a process of its own${user}.`
}

/** A byte string as text; bytes that are not UTF-8 are shown as escapes. */
function toText(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  const isText = Buffer.from(text, 'utf8').toString('latin1') === bytes
  if (isText) return text
  return bytes.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
}
