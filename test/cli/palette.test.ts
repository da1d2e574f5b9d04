import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import t from 'tap'

/** Every style sheet of the pages. Each page is sent whole, so that none can share a file. */
const SHEETS = ['core/src/failure/document.ts', 'cli/src/text/palette.ts', 'cli/demo/style.css']

/** The values of a custom property, in order of appearance: for light, then for dark screens. */
function readPalette(sheet: string): Map<string, string[]> {
  const text = readFileSync(new URL(`../../../packages/${sheet}`, import.meta.url), 'utf8')
  const palette = new Map<string, string[]>()
  for (const [, name = '', value = ''] of text.matchAll(/^\s*--([\w-]+): (#\w+);/gm)) {
    palette.set(name, [...(palette.get(name) ?? []), value])
  }
  return palette
}

void t.test('all pages have the same colours', async () => {
  const [first = '', ...others] = SHEETS
  const palette = readPalette(first)
  assert.ok(palette.size >= 7)
  for (const sheet of others) {
    const other = readPalette(sheet)
    for (const name of ['ink', 'quiet', 'paper', 'line', 'accent']) {
      assert.equal(other.get(name)?.length, 2, `--${name} in ${sheet}`)
    }
    for (const [name, values] of other) {
      const expected = palette.get(name)
      if (expected) assert.deepEqual(values, expected, `--${name} in ${sheet}`)
      else palette.set(name, values)
    }
  }
})
