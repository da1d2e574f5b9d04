import { STATUS_CODES } from 'node:http'
import { STATUS_PATH } from '../access/access.js'
import type { Inspection } from './inspection.js'
import { html, type Markup } from '../text/markup.js'
import { describeMounts } from './mounts.js'
import { writeRun } from './run-view.js'

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
