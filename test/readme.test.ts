import { DEFAULTS } from '@common-gateway/core'
import { OPTION_NAMES } from '@internal/core/options/rules.js'
import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import t from 'tap'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

void t.test('the README', async (t) => {
  const [, section = ''] = readme.split('\n## Options\n')
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*?) \| /gm)].map(
    ([, name = '', given = '']) => {
      return [name, given] as const
    },
  )

  void t.test('OPT-3 lists every option once, and no other', async () => {
    const names = rows.map(([name]) => name)
    assert.deepEqual(names, [...new Set(names)])
    assert.deepEqual(new Set(names), new Set(OPTION_NAMES))
  })

  void t.test('OPT-3 gives the defaults', async () => {
    const told = new Map(rows)
    for (const [name, value] of Object.entries(DEFAULTS)) {
      // Depends on the machine; the table says how.
      if (name === 'maxProcesses') continue
      const shown = `\`${JSON.stringify(value).replaceAll('"', "'")}\``
      assert.equal(told.get(name), shown, name)
    }
  })

  void t.test('OPT-3 options say the same next to their types', async () => {
    const folder = new URL('../../packages/core/src/options/', import.meta.url)
    const source = ['options.ts', 'process-options.ts']
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('')
    for (const [name] of rows) {
      const [, text = ''] = new RegExp(`\\* \\*\\*${name}\\*\\* ([^]*?)\\*/`).exec(source) ?? []
      assert.match(text, /Default:/, name)
    }
  })
})
