import { html, type Markup } from './markup.js'

/**
 * Says where scripts answer, in a sentence or two.
 *
 * @param mounts - where the gateways are mounted, without a slash at the end.
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
