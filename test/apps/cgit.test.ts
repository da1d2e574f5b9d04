import assert from 'node:assert/strict'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { NO_HANG } from './application.js'
import { needs, run } from './programs.js'

const recipe = new Page('recipes/git-web.md')

void t.test('cgit', { ...needs('cgit', 'git'), jobs: 2 }, async (t) => {
  for (const framework of ['fastify', 'express']) {
    /** Follows the recipe; returns the place and what gets a page of cgit's. */
    async function serve(t: Test): Promise<{
      workplace: Workplace
      get: (address: string, status?: number) => Promise<Response>
    }> {
      const workplace = await Workplace.create(t, recipe)
      await workplace.start(process.execPath, [`cgit-${framework}.js`])
      return {
        workplace,
        get: async (address, status = 200) => {
          const url = new URL(address, `${workplace.origin}/cgit/`)
          const response = await fetch(url, { signal: signalOf(t) })
          assert.equal(response.status, status, url.href)
          return response
        },
      }
    }

    void t.test(
      `MAP-1 cgit's own links lead from page to page (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get } = await serve(t)
        const index = await get('')
        assert.equal(index.headers.get('content-type'), 'text/html; charset=UTF-8')
        const list = await index.text()
        const summary = await (await get(linkTo(list, 'project.git'))).text()
        const log = await (await get(linkTo(summary, 'log'))).text()
        assert.deepEqual(
          ['Greet the world', 'Begin'].map((subject) => log.includes(`>${subject}</a>`)),
          [true, true],
        )
        const commit = await (await get(linkTo(log, 'Greet the world'))).text()
        const diff = await (await get(linkTo(commit, 'diff'))).text()
        assert.match(diff, /<div class='del'>-Hello<\/div><div class='add'>\+Hello, world<\/div>/)
        const tree = await (await get(linkTo(summary, 'tree'))).text()
        const file = await (await get(linkTo(tree, 'README'))).text()
        assert.match(file, /<code>Hello, world\n<\/code>/)
        const plain = await get(linkTo(file, 'plain'))
        assert.equal(plain.headers.get('content-type'), 'text/plain; charset=UTF-8')
        assert.equal(await plain.text(), 'Hello, world\n')
      },
    )

    void t.test(
      `ENV-1 cgit answers queries and says what is missing (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get } = await serve(t)
        const found = await (await get('project.git/log/?qt=grep&q=greet')).text()
        assert.match(found, />Greet the world<\/a>/)
        assert.doesNotMatch(found, />Begin<\/a>/)
        const missing = await get('missing.git/', 404)
        assert.equal(missing.statusText, 'Not found')
        assert.match(await missing.text(), /No repositories found/)
      },
    )

    void t.test(
      `RES-1 a snapshot of cgit's unpacks (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get, workplace } = await serve(t)
        const snapshot = await get('project.git/snapshot/project-main.tar.gz')
        assert.equal(snapshot.headers.get('content-type'), 'application/x-gzip; charset=UTF-8')
        const input = gunzipSync(await snapshot.arrayBuffer())
        const args = ['-xO', 'project-main/README']
        assert.equal(
          (await run('tar', args, { input, signal: signalOf(t) })).toString(),
          'Hello, world\n',
        )
        const repository = path.join(workplace.folder, 'repositories/project.git')
        assert.deepEqual(
          input,
          await run('git', ['archive', '--prefix=project-main/', 'main'], {
            cwd: repository,
            signal: signalOf(t),
          }),
        )
      },
    )

    void t.test(
      `cgit's pages have their style (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get } = await serve(t)
        const page = await (await get('')).text()
        const [, style = ''] =
          /<link rel='stylesheet' type='text\/css' href='(.*?)'/.exec(page) ?? []
        const css = await get(style)
        assert.match(css.headers.get('content-type') ?? '', /^text\/css\b/)
        assert.match(await css.text(), /^div#cgit \{/m)
        const [, logo = ''] = /<img src='(.*?)'/.exec(page) ?? []
        const picture = await get(logo)
        assert.equal(picture.headers.get('content-type'), 'image/png')
        assert.ok((await picture.arrayBuffer()).byteLength > 1000)
      },
    )
  }
})

/** The address of the link with this text. */
function linkTo(page: string, text: string): string {
  const links = [...page.matchAll(/<a[^>]*\shref='([^']*)'[^>]*>([^<]*)<\/a>/g)]
  const address = links.find(([, , shown]) => shown === text)?.[1]
  assert.ok(address !== undefined, `there is a link to ${text} in ${page}`)
  return address.replaceAll('&amp;', '&')
}
