import { html, type Markup } from '../text/markup.js'
import type { Entry } from './folder-entries.js'
import { writeListingPage } from './listing-page.js'
import type { NearestEntries } from './nearest-entries.js'

/**
 * The page of a 404 response to a browser on this machine.
 *
 * @param urlPath - as it was sent.
 * @param inspectUrl - URL of the inspect page; undefined without a status page.
 */
export function createNotFoundDocument(
  urlPath: string,
  { folder, missing, entries }: NearestEntries,
  inspectUrl: string | undefined,
): string {
  const content = html`<p>There is no <code>${missing}</code> in ${linkTo(encodePath(folder), folder)}.</p>
${entries.length > 0 ? writeNearest(folder, entries) : ''}${
  inspectUrl &&
  html`<p>${linkTo(`${inspectUrl}?url=${encodeURIComponent(urlPath)}`, 'Inspect')} shows which script would run for this URL, or why none would.</p>
`
}<p class="fact">You see this because you are at the machine that the server runs on.</p>
`
  return writeListingPage('404 Not Found', html`404 Not Found`, content)
}

function writeNearest(folder: string, entries: readonly Entry[]): Markup {
  const items = entries.map(({ name, kind }) => {
    const slash = kind === 'folder' || kind === 'scripts' ? '/' : ''
    const url = `${encodePath(folder)}${encodeURIComponent(name)}${slash}`
    return html`<li>${linkTo(url, name + slash)}</li>
`
  })
  return html`<p>Did you mean:</p>
<ul>
${items}</ul>
`
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function linkTo(url: string, text: string): Markup {
  return html`<a href="${url}">${text}</a>`
}
