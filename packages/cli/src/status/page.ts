import { STATUS_PATH } from '../access/access.js'
import { type Assets, writeDocument } from '../text/document.js'
import { html, type Markup } from '../text/markup.js'

/** A page and its parts. */
export interface Page {
  readonly path: string
  readonly title: string
  readonly content: Markup
}

const PAGES = [
  [`${STATUS_PATH}/`, 'Status'],
  [`${STATUS_PATH}/inspect`, 'Inspect'],
  ['/', 'The site'],
] as const

/** The icon: an arch, as on the demo site. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230b6e63'/%3E%3Cpath d='M7 26V16a9 9 0 0 1 18 0v10M13 26V17a3 3 0 0 1 6 0v9' fill='none' stroke='%23fff' stroke-width='2.6' stroke-linecap='round'/%3E%3C/svg%3E"

/** A page as one self-contained HTML document. */
export function writePage({ path, title, content }: Page, assets: Assets): string {
  const links = PAGES.map(([url, name]) => {
    return html`<a href="${url}"${url === path ? CURRENT : ''}>${name}</a>
`
  })
  const body = html`<header>
<b>Common Gateway</b>
<nav>
${links}</nav>
</header>
<main>
${content}</main>
`
  return writeDocument({ title, icon: ICON, body }, assets)
}

const CURRENT = html` aria-current="page"`
