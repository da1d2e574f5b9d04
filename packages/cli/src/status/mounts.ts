import { html, type Markup } from '../text/markup.js'

/**
 * One or two sentences about the URLs of scripts.
 *
 * @param mounts - URLs of the gateways, without a trailing slash.
 */
export function describeMounts(mounts: readonly string[]): Markup {
  if (mounts.length === 0) {
    return html`This site has no folder of scripts: create <code>cgi-bin</code> in it and restart the server.`
  }
  const names = mounts.map((mount, index) => {
    return html`${index === 0 ? '' : ', '}<code>${mount}/</code>`
  })
  return html`Scripts have URLs below ${names}.`
}
