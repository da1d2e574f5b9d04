import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs, needsRoot } from '../apps/programs.js'
import { MAIN } from '../cli/command.js'
import { exchange } from '../support/client.js'
import { Page } from './page.js'
import { Workplace } from './workplace.js'

/** What each recipe needs; its servers are started, and what it says of them is tried. */
const recipes = {
  'another-user': needsRoot('perl', 'curl'),
  awstats: needs('AWStats', 'perl', 'curl'),
  'git-hosting': needs('git', 'git http-backend'),
  mapserver: needs('MapServer', 'curl'),
  mediawiki: needs('MediaWiki', 'php-cgi', 'curl'),
  perl: needs('CGI.pm', 'curl'),
  php: needs('php-cgi', 'curl'),
  'php-pool': needs('php-cgi', 'php-fpm', 'curl'),
  python: needs('python3', 'bottle', 'curl'),
  'reverse-proxy': needs('nginx', 'curl'),
  'server-sent-events': needs('curl'),
  'several-machines': needs('php-fpm', 'curl'),
}

/** Tried otherwise: in a browser or link by link, in test/apps, and in container.test.ts. */
const others = ['container', 'dokuwiki', 'git-web']

void t.test('every recipe is tried', async () => {
  const folder = new URL('../../../docs/recipes/', import.meta.url)
  const names = readdirSync(folder).map((name) => name.replace(/\.md$/, ''))
  assert.deepEqual(names.toSorted(), [...Object.keys(recipes), ...others].toSorted())
})

for (const [name, options] of Object.entries(recipes)) {
  void t.test(`the recipe ${name}`, { ...options, jobs: 2 }, async (t) => {
    const page = new Page(`recipes/${name}.md`)
    const servers = page.files.filter(({ name: file }) =>
      /^(?:fastify|express|server)\.js$/.test(file),
    )
    void t.test(
      'has a server and says what it does, all of which is tried',
      { buffered: true },
      async () => {
        assert.notDeepEqual(servers, [])
        assert.notDeepEqual(page.loose('console'), [])
        const loose = page.blocks.filter(({ file }) => file === undefined)
        const languages = new Set(loose.map(({ language }) => language))
        for (const tried of ['sh', 'console']) languages.delete(tried)
        assert.deepEqual([...languages], [])
      },
    )

    for (const { name: file } of servers) {
      void t.test(`does what it says (${file})`, { buffered: true, ...NO_HANG }, async (t) => {
        const workplace = await Workplace.create(t, page)
        const pools = page.files.find(({ name: each }) => each === 'pool.conf')
        if (pools !== undefined && file === 'server.js') await workplace.startPhpFpm(pools.text)
        await workplace.start(process.execPath, [file])
        if (page.files.some(({ name: each }) => each.startsWith('nginx/')))
          await workplace.startNginx()
        await workplace.follow()
      })
    }
  })
}

void t.test('the recipe php-pool, by the command', needs('php-cgi', 'curl'), async (t) => {
  void t.test('does what it says', NO_HANG, async (t) => {
    const page = new Page('recipes/php-pool.md')
    const workplace = await Workplace.create(t, page)
    const [line = ''] = page.loose('sh').filter((block) => block.startsWith('npx '))
    const [, name, ...args] = workplace.localize(line).trim().split(' ')
    assert.equal(name, '@common-gateway/cli')
    await workplace.start(process.execPath, [MAIN, ...args])
    // The other blocks are about the options of the servers.
    await workplace.follow(1)
  })
})

/** Ways to write a path that static files have been fooled with. */
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.replaceAll('.', '%2e'),
  (path) => path.replaceAll('php', 'ph%70'),
  (path) => path.replaceAll('php', 'PHP'),
  (path) => path.replaceAll('/', '//'),
  (path) => path.replace('/lib/', '/lib//'),
  (path) => path.replace('/lib/', '//lib/./'),
  (path) => path.replace('/lib/', '/x/../lib/'),
  (path) => path.replace('/lib/', '/lib%2f'),
  (path) => path.replace('/lib/', '/lib\\'),
  (path) => path.replace('/wiki/', '/%77iki/'),
  (path) => path.replace('/wiki/', '/./wiki/'),
  (path) => path.replace('/wiki/', '//wiki/'),
  (path) => `http://localhost/${path}`,
  (path) => `${path}/`,
  (path) => `${path}%20`,
  (path) => `${path}.`,
  (path) => `${path}~`,
]

void t.test('the recipe dokuwiki', needs('DokuWiki', 'php-cgi'), async (t) => {
  for (const file of ['fastify.js', 'express.js', 'server.js']) {
    void t.test(
      `MAP-4 sends files, and no source however it is asked for (${file})`,
      NO_HANG,
      async (t) => {
        const workplace = await Workplace.create(t, new Page('recipes/dokuwiki.md'))
        await workplace.start(process.execPath, [file])
        const { port } = workplace
        const get = (target: string): Promise<string> =>
          exchange(port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
        assert.match(await get('/wiki/lib/tpl/dokuwiki/images/button-dw.png'), /^HTTP\/1\.1 200 /)
        assert.match(await get('/wiki/lib/tpl/dokuwiki/main.php'), /^HTTP\/1\.1 404 /)
        for (const name of ['/wiki/lib/tpl/dokuwiki/main.php', '/wiki/lib/plugins/action.php']) {
          for (const spell of SPELLINGS) {
            assert.doesNotMatch(await get(spell(name)), /<\?php/, spell(name))
          }
        }
      },
    )
  }
})
