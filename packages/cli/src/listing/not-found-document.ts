import type { Entry } from './folder-listing.js'
import { toHtml } from '../text/html-text.js'
import type { NearestEntries } from './nearest-entries.js'
import { createPage } from '../text/page-document.js'

/**
 * What the person at this machine sees where a URL leads nowhere.
 *
 * @param urlPath - as it was sent.
 * @param inspectUrl - where it is said what would be run for a URL; undefined where nothing says it.
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
      `<p>${linkTo(url, 'Inspect')} says what would be run for this URL, and why not.</p>`,
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
