import { html, type Markup } from './markup.js'

/**
 * A sentence or two about the URLs of scripts.
 *
 * @param mounts - URLs of the gateways, without a trailing slash.
 */
export function describeMounts(mounts: readonly string[]): Markup {
  if (mounts.length === 0) {
    return html`This site has no scripts: make a folder <code>cgi-bin</code> in it, and start the server again.`
  }
  const names = mounts.map((mount, index) => {
    return html`${index === 0 ? '' : ', '}<code>${mount}/</code>`
  })
  return html`Scripts answer below ${names}.`
}
