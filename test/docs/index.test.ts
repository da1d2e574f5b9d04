import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Page } from './page.js'

const FOLDER = new URL('../../../docs/', import.meta.url)
const INDEX = 'README.md'

const pages = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.md') && name !== INDEX,
)

/** The fragments that a page's headings have, as GitHub makes them of their text. */
function fragmentsOf(name: string): Set<string> {
  const headings = new Page(name).text.matchAll(/^#+ (.+)$/gm)
  return new Set([...headings].map(([, title = '']) => toFragment(title)))
}

function toFragment(title: string): string {
  const text = title.replace(/\[(.*?)\]\(.*?\)/g, '$1').toLowerCase()
  return text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
}

/** The links of a page into pages, or into itself, whose fragments no heading has. */
function lostFragments(name: string): readonly string[] {
  const links = [...new Page(name).text.matchAll(/\]\(([^)\s#:]*)#([^)\s]+)\)/g)]
  return links.flatMap(([, address = '', fragment = '']) => {
    const target = address === '' ? name : path.posix.join(path.posix.dirname(name), address)
    const isPage = target.endsWith('.md') && !target.startsWith('../packages/')
    return !isPage || fragmentsOf(target).has(fragment) ? [] : [`${address}#${fragment}`]
  })
}

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

for (const name of ['../README.md', INDEX, ...pages]) {
  void t.test(`the links of ${name} lead somewhere`, async () => {
    const dead = linksOf(name).filter((link) => !existsSync(new URL(link, new URL(name, FOLDER))))
    assert.deepEqual(dead, [])
    assert.deepEqual(lostFragments(name), [])
  })
}
