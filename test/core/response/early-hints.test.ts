import assert from 'node:assert/strict'
import t from 'tap'
import { createFinalHeaderParser } from '@internal/core/response/early-hints.js'

/** The links that are sent for a hint with this `Link`. */
function hinted(link: string): string[] {
  const sent: string[] = []
  const parser = createFinalHeaderParser({ maxHeaderSize: 64 * 1024 }, (links) => {
    sent.push(...links)
  })
  parser.push(Buffer.from(`Status: 103\nLink: ${link}\n\n`, 'latin1'))
  return sent
}

void t.test(
  'RES early hints: each link that Node sends, whatever else is in the field',
  async () => {
    assert.deepEqual(hinted('</a>; rel=preload, </b>; rel="pre,load", none, </c>'), [
      '</a>; rel=preload',
      '</b>; rel="pre,load"',
      '</c>',
    ])
    assert.deepEqual(hinted('</a>, </b>; rel="not closed, </c>'), ['</a>'])
  },
)

for (const [what, link] of [
  ['equals signs', `<a>;${'='.repeat(60_000)}"`],
  ['opening brackets', '<'.repeat(60_000)],
  ['quotes that are escaped', '<b>\\"'.repeat(12_000)],
] as const) {
  void t.test(
    `RES early hints: ${what} do not take time that grows with their square`,
    async () => {
      const start = performance.now()
      assert.deepEqual(hinted(link), [])
      // Linear, it takes a few milliseconds; it took seconds.
      assert.ok(performance.now() - start < 500)
    },
  )
}
