import { toByteCount } from '../text/byte-count.js'
import type { Entry, FolderListing } from './folder-listing.js'
import { toHtml } from '../text/html-text.js'
import { createPage } from '../text/page-document.js'

/** A folder as an HTML document. */
export function createListingDocument(listing: FolderListing): string {
  const { path, entries } = listing
  const title = path === '/' ? 'All files' : path
  const content =
    entries.length === 0
      ? writeEmpty(listing)
      : `<ul>\n${entries.map(writeEntry).join('\n')}\n</ul>\n`
  return createPage(title, writeTrail(path), content)
}

/** The path as links to the folders above; the folder itself is not a link. */
function writeTrail(path: string): string {
  const names = path.split('/').filter((name) => name !== '')
  if (names.length === 0) return 'All files'
  const links = names.slice(0, -1).map((name, index) => {
    const href = `/${names
      .slice(0, index + 1)
      .map(encodeURIComponent)
      .join('/')}/`
    return `<a href="${toHtml(href)}">${toHtml(name)}</a>`
  })
  return ['<a href="/">All files</a>', ...links, toHtml(names.at(-1) ?? '')].join(' / ')
}

function writeEntry(entry: Entry): string {
  const { name, kind, size, modified, advice } = entry
  const isFolder = kind === 'folder' || kind === 'scripts'
  const shown = `${toHtml(name)}${isFolder ? '/' : ''}`
  // Without `./`, a name with a colon would be parsed as a scheme.
  const href = `./${encodeURIComponent(name)}${isFolder ? '/' : ''}`
  const link = `<a${isFolder ? ' class="folder"' : ''} href="${toHtml(href)}">${shown}</a>`
  const time = modified && `<time datetime="${modified.toISOString()}">${toDate(modified)}</time>`
  const facts = `<span class="fact">${factOf(entry, size)}</span>${time ?? ''}`
  if (kind === 'data') return `<li><span>${shown}</span>${facts}</li>`
  if (advice === undefined) return `<li>${link}${facts}</li>`
  return `<li><span>${shown}</span>${facts}<span class="advice">${toHtml(advice)}</span></li>`
}

function factOf({ kind, advice }: Entry, size: number | undefined): string {
  if (kind === 'withheld') return '<span class="failure">not served</span>'
  if (advice !== undefined) return '<span class="failure">cannot be run</span>'
  if (kind === 'script') return 'program'
  if (kind === 'data') return 'data'
  if (kind === 'scripts') return 'programs'
  return size === undefined ? '' : toByteCount(size)
}

/** `2026-11-25 20:13`, in the time zone of this machine. */
function toDate(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16).replace('T', ' ')
}

function writeEmpty({ path, hasScripts }: FolderListing): string {
  if (path !== '/' || hasScripts) return '<p>This folder is empty.</p>\n'
  return `<p>This folder is empty. Files that you put here are sent as they are, and programs in
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
