import { DEFAULTS } from '@common-gateway/core'
import { OPTION_NAMES } from '@internal/core/options/rules.js'
import { HELP } from '@internal/cli/settings/help.js'
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Page } from './page.js'

void t.test('the reference', async (t) => {
  const { text } = new Page('reference/options.md')
  const [, section = ''] = text.split('\n## Options of every gateway\n')
  const [own = ''] = section.split('\n## ')
  const options = [...own.matchAll(/^### (\w+)\n\nType: `.+`\. Default: (.+)\.$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )

  void t.test('OPT-3 lists every option once, and no other', async () => {
    const names = options.map(([name]) => name)
    assert.deepEqual(names, [...new Set(names)])
    assert.deepEqual(new Set(names), new Set(OPTION_NAMES))
  })

  void t.test('OPT-3 gives the defaults', async () => {
    const told = new Map(options)
    for (const [name, value] of Object.entries(DEFAULTS)) {
      // Depends on the machine; the page says how.
      if (name === 'maxProcesses') continue
      const shown = `\`${JSON.stringify(value).replaceAll('"', "'")}\``
      assert.ok(told.get(name)?.startsWith(shown), name)
    }
  })

  void t.test('OPT-3 options say the same next to their types', async () => {
    const script = new URL('../../../scripts/reference.mjs', import.meta.url)
    const { stderr, status } = spawnSync(process.execPath, [fileURLToPath(script), '--check'])
    assert.equal(String(stderr), '')
    assert.equal(status, 0)
  })

  void t.test('has a heading for each flag of --help', async () => {
    const namesOf = (lines: string): string[] =>
      [...new Set([...lines.matchAll(/--[a-z][a-z-]+/g)].map(([name]) => name))].toSorted()
    const headings = [...new Page('reference/command.md').text.matchAll(/^### (.+)$/gm)]
    assert.deepEqual(namesOf(headings.map(([, title = '']) => title).join()), namesOf(HELP))
  })
})
