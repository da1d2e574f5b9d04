import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const REPOSITORY = 'https://github.com/common-gateway/common-gateway'
const DOCUMENTS = path.resolve(import.meta.dirname, '../../docs')

/** Pages are compiled to modules that import Vue. They lie outside of this folder, where it is not found. */
const vueOfPages = {
  name: 'vue-of-pages',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!/^vue(?:\/|$)/.test(source) || !importer?.startsWith(DOCUMENTS)) return null
    return this.resolve(source, fileURLToPath(import.meta.resolve('vitepress')), { skipSelf: true })
  },
}

/** The pages that a section of docs/README.md links to, in its order: the index is the one list of pages. */
function linksOf(section) {
  const [, text = ''] = readFileSync(path.join(DOCUMENTS, 'README.md'), 'utf8').split(
    `\n## ${section}\n`,
  )
  const links = text.split('\n## ')[0].matchAll(/\[([^\]]+)\]\(([\w/-]+)\.md\)/g)
  return [...links].map(([, title, link]) => ({ text: toTitle(title, link), link: `/${link}` }))
}

/** A table of moves has the names of files as the text of its links. */
function toTitle(title, link) {
  if (!title.endsWith('.md') && title !== 'more') return title.replaceAll('`', '')
  return /^# (.+)$/m
    .exec(readFileSync(path.join(DOCUMENTS, `${link}.md`), 'utf8'))[1]
    .replaceAll('`', '')
}

function sidebar() {
  return ['Learn', 'Run', 'Reference', 'Recipes', 'Moving from another server', 'Figures'].map(
    (text) => {
      const links = linksOf(text)
      const items = links.filter(
        ({ link }, index) => links.findIndex((each) => each.link === link) === index,
      )
      return { text, items, collapsed: text === 'Recipes' || text.startsWith('Moving') }
    },
  )
}

/** The fragment of a heading, as GitHub makes it: links between pages are written for both. */
function slugify(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

/** Links that leave docs lead to the repository. */
function linkToRepository(markdown) {
  markdown.core.ruler.push('repository-links', (state) => {
    for (const block of state.tokens) {
      for (const token of block.children ?? []) {
        const href = token.type === 'link_open' ? token.attrGet('href') : null
        if (href === null || /^[a-z]+:|^#/.test(href)) continue
        const target = path.posix.join(path.posix.dirname(state.env.relativePath), href)
        if (target.startsWith('../'))
          token.attrSet('href', `${REPOSITORY}/blob/main/${target.slice(3)}`)
      }
    }
  })
}

export default {
  title: 'Common Gateway',
  description: 'CGI/1.1 for Node.js: CGI scripts behind Fastify, Express or node:http',
  lang: 'en',
  srcDir: '../docs',
  rewrites: { 'README.md': 'index.md' },
  cleanUrls: true,
  lastUpdated: false,
  vite: { plugins: [vueOfPages] },
  markdown: {
    anchor: { slugify },
    languageAlias: { caddyfile: 'nginx' },
    config: linkToRepository,
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Options', link: '/reference/options' },
      { text: 'Command', link: '/reference/command' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
}
