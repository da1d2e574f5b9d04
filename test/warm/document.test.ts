import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { DEFAULTS } from '@internal/warm/options/options.js'
import { VISIBLE_DIFFERENCES } from './differential/visible-differences.js'

const page = readFileSync(new URL('../../../docs/warm.md', import.meta.url), 'utf8')

function section(title: string): string {
  const [, rest = ''] = page.split(`\n## ${title}\n`)
  return rest.split('\n## ')[0] ?? ''
}

void t.test(
  'WARM-44 docs/warm.md lists the differences that can be seen, and no other',
  async () => {
    const listed = [...section('What a script can see').matchAll(/^- (.*)$/gm)].map(
      ([, text]) => text,
    )
    assert.deepEqual(listed, Object.values(VISIBLE_DIFFERENCES))
  },
)

void t.test('WARM-44 docs/warm.md has each option with its default', async () => {
  const rows = [...section('When to use it').matchAll(/^\| `(\w+)` \| `(.*?)` \|/gm)]
  const told = rows.map(([, name, value]) => [name, value])
  assert.deepEqual(
    told,
    Object.entries(DEFAULTS).map(([name, value]) => [name, JSON.stringify(value)]),
  )
})
