import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import { Page } from './page.js'

const FOLDER = new URL('../../../docs/', import.meta.url)
const INDEX = 'README.md'

const pages = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.md') && name !== INDEX,
)

/** The addresses of a page's links to files, without fragments. */
function linksOf(name: string): readonly string[] {
  const { text } = new Page(name)
  const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, address = '']) => address)
  return links.filter((address) => !/^[a-z]+:/.test(address))
}

void t.test('the index leads to every page', async () => {
  const links = new Set(linksOf(INDEX))
  assert.deepEqual(
    pages.filter((name) => !links.has(name)),
    [],
  )
})

for (const name of [INDEX, ...pages]) {
  void t.test(`the links of ${name} lead somewhere`, async () => {
    const dead = linksOf(name).filter((link) => !existsSync(new URL(link, new URL(name, FOLDER))))
    assert.deepEqual(dead, [])
  })
}
