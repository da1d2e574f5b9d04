import type { Entry } from './folder-listing.js'
import { toHtml } from '../text/html-text.js'
import type { NearestEntries } from './nearest-entries.js'
import { createPage } from '../text/page-document.js'

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
  const sentences = [
    `<p>There is no <code>${toHtml(missing)}</code> in ${linkTo(encodePath(folder), folder)}.</p>`,
  ]
  if (entries.length > 0) {
    const items = entries.map((entry) => `<li>${linkToEntry(folder, entry)}</li>`)
    sentences.push(`<p>Did you mean:</p>\n<ul>\n${items.join('\n')}\n</ul>`)
  }
  if (inspectUrl !== undefined) {
    const url = `${inspectUrl}?url=${encodeURIComponent(urlPath)}`
    sentences.push(
      `<p>${linkTo(url, 'Inspect')} shows which script would run for this URL, or why none would.</p>`,
    )
  }
  sentences.push(
    '<p class="fact">You see this because you are at the machine that the server runs on.</p>',
  )
  return createPage('404 Not Found', '404 Not Found', `${sentences.join('\n')}\n`)
}

function linkToEntry(folder: string, { name, kind }: Entry): string {
  const slash = kind === 'folder' || kind === 'scripts' ? '/' : ''
  return linkTo(`${encodePath(folder)}${encodeURIComponent(name)}${slash}`, name + slash)
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function linkTo(url: string, text: string): string {
  return `<a href="${toHtml(url)}">${toHtml(text)}</a>`
}
