import { toByteCount } from '../text/byte-count.js'
import { html, type Markup } from '../text/markup.js'
import type { Entry } from './folder-entries.js'
import type { FolderListing } from './folder-listing.js'
import { writeListingPage } from './listing-page.js'

/** A folder as an HTML document. */
export function createListingDocument(listing: FolderListing): string {
  const { path, entries } = listing
  const title = path === '/' ? 'All files' : path
  const content =
    entries.length === 0
      ? writeEmpty(listing)
      : html`<ul>
${entries.map(writeEntry)}</ul>
`
  return writeListingPage(title, writeTrail(path), content)
}

/** The path as links to the folders above; the folder itself is not a link. */
function writeTrail(path: string): Markup {
  const names = path.split('/').filter((name) => name !== '')
  if (names.length === 0) return html`All files`
  const links = names.slice(0, -1).map((name, index) => {
    const above = names.slice(0, index + 1).map(encodeURIComponent)
    return html`<a href="/${above.join('/')}/">${name}</a> / `
  })
  return html`<a href="/">All files</a> / ${links}${names.at(-1)}`
}

function writeEntry(entry: Entry): Markup {
  const { name, kind, size, modified, advice } = entry
  const isFolder = kind === 'folder' || kind === 'scripts'
  const slash = isFolder ? '/' : ''
  const shown = html`<span>${name}${slash}</span>`
  const facts = html`<span class="fact">${factOf(entry, size)}</span>${modified && writeTime(modified)}`
  if (kind === 'data') {
    return html`<li>${shown}${facts}</li>
`
  }
  if (advice !== undefined) {
    return html`<li>${shown}${facts}<span class="advice">${advice}</span></li>
`
  }
  // Without `./`, a name with a colon would be parsed as a scheme.
  const href = `./${encodeURIComponent(name)}${slash}`
  return html`<li><a${isFolder ? FOLDER : ''} href="${href}">${name}${slash}</a>${facts}</li>
`
}

const FOLDER = html` class="folder"`

function factOf({ kind, advice }: Entry, size: number | undefined): Markup | string {
  if (kind === 'withheld') return html`<span class="failure">not served</span>`
  if (advice !== undefined) return html`<span class="failure">cannot be run</span>`
  if (kind === 'script') return 'program'
  if (kind === 'data') return 'data'
  if (kind === 'scripts') return 'programs'
  return size === undefined ? '' : toByteCount(size)
}

/** `2026-11-25 20:13`, in the time zone of this machine. */
function writeTime(date: Date): Markup {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  const text = local.toISOString().slice(0, 16).replace('T', ' ')
  return html`<time datetime="${date.toISOString()}">${text}</time>`
}

function writeEmpty({ path, hasScripts }: FolderListing): Markup {
  if (path !== '/' || hasScripts) {
    return html`<p>This folder is empty.</p>
`
  }
  return html`<p>This folder is empty. Files that you put here are sent as they are, and programs in
<code>cgi-bin</code> are run. These commands create a program with the URL
<a href="/cgi-bin/hello.sh">/cgi-bin/hello.sh</a>:</p>
<pre>mkdir cgi-bin
cat &gt; cgi-bin/hello.sh &lt;&lt;'END'
#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "Hello from $SCRIPT_NAME"
END
chmod +x cgi-bin/hello.sh</pre>
`
}
