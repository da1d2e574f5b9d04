import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { type Adapter, adapters } from '../support/adapters.js'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { makeFolder, NO_HANG, startAt } from './application.js'
import { GITWEB, needs, run } from './programs.js'
import { Git, gitEnvironment } from './repository.js'

const NAME = 'Übersicht & mehr.txt'
const CONTENT = 'Grüße\n'

/** The address of the link that stands before this text, or of the one with this type. */
function linkTo(page: string, target: RegExp): string {
  const link = page.match(/<(?:a|link)\s[^>]*>(?:[^<]*<\/a>)?/g)?.find((each) => target.test(each))
  const address = link?.match(/\shref="([^"]*)"/)?.[1]
  assert.ok(address !== undefined, `there is a link to ${target.source} in ${page}`)
  return address.replaceAll('&amp;', '&')
}

void t.test('gitweb', { ...needs('gitweb', 'CGI.pm', 'git'), jobs: 2 }, async (t) => {
  const folder = makeFolder(t)
  const home = path.join(folder, 'home')
  const projects = path.join(folder, 'projects')
  const root = path.join(folder, 'cgi-bin')

  t.before(async () => {
    const signal = signalOf(t)

    await mkdir(home)
    const commit = { message: 'Größe', files: { [`docs/${NAME}`]: CONTENT, README: 'read me\n' } }
    await new Git(home).createRepository(path.join(projects, 'project.git'), [commit], signal)
    // A link would lead out of the root.
    await mkdir(root)
    const wrapper = `#!/bin/sh\nexec ${GITWEB}\n`
    await writeFile(path.join(root, 'gitweb.cgi'), wrapper, { mode: 0o755 })
    await writeFile(
      path.join(folder, 'gitweb.conf'),
      `$projectroot = $ENV{'GITWEB_PROJECTS'};
$feature{'snapshot'}{'default'} = ['tgz'];
$feature{'pathinfo'}{'default'} = [$ENV{'GITWEB_PATHS'}];\n`,
    )
  })

  /** The two ways to serve it; `page` makes the address of a page, `missing` is one of none. */
  const ways = [
    {
      name: 'as the script',
      mount: '/gitweb',
      source: { script: GITWEB },
      paths: '1',
      page: (action: string, file = '') =>
        `/gitweb/project.git/${action}${file && `/refs/heads/main:/${file}`}`,
      missing: '/gitweb?p=missing.git',
    },
    {
      name: 'in the root',
      mount: '/cgi-bin',
      source: { root },
      paths: '0',
      page: (action: string, file = '') =>
        `/cgi-bin/gitweb.cgi?p=project.git;a=${action}${file && `;hb=main;f=${file}`}`,
      missing: '/cgi-bin/gitweb.cgi?p=missing.git',
    },
  ] as const

  /** Starts a gateway; returns what gets a page from it. */
  async function serve(
    t: Test,
    adapter: Adapter,
    { mount, source, paths }: (typeof ways)[number],
  ): Promise<(address: string, status?: number) => Promise<Response>> {
    const { origin } = await startAt(t, adapter, mount, {
      ...source,
      env: {
        ...gitEnvironment(home),
        GITWEB_CONFIG: path.join(folder, 'gitweb.conf'),
        GITWEB_PROJECTS: projects,
        GITWEB_PATHS: paths,
      },
    })
    return async (address, status = 200) => {
      const url = new URL(address, origin)
      assert.equal(url.origin, origin)
      const response = await fetch(url, { signal: signalOf(t) })
      assert.equal(response.status, status, url.href)
      return response
    }
  }

  for (const adapter of adapters) {
    for (const way of ways) {
      const where = `${way.name} (${adapter.name})`

      void t.test(
        `MAP-1 ENV-1 gitweb's own links lead to its pages, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const get = await serve(t, adapter, way)
          const summary = await get(way.page('summary'))
          assert.equal(summary.headers.get('content-type'), 'text/html; charset=utf-8')
          const page = await summary.text()
          assert.match(page, />Größe<\/a>/)
          const tree = await (await get(linkTo(page, />tree<\/a>/))).text()
          const docs = await (await get(linkTo(tree, />docs<\/a>/))).text()
          assert.match(docs, />Übersicht &amp; mehr\.txt<\/a>/)
        },
      )

      void t.test(
        `ENV-7 gitweb finds a blob by a non-ASCII name, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const get = await serve(t, adapter, way)
          const file = `docs/${encodeURIComponent(NAME)}`
          const blob = await (await get(way.page('blob', file))).text()
          assert.match(blob, /<\/a> Grüße<\/div>/)
          const plain = await get(way.page('blob_plain', file))
          assert.equal(await plain.text(), CONTENT)
        },
      )

      void t.test(
        `ENV-1 HDR-2 gitweb renders an RSS feed, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const get = await serve(t, adapter, way)
          const page = await (await get(way.page('summary'))).text()
          const rss = await get(linkTo(page, /type="application\/rss\+xml"/))
          assert.equal(rss.headers.get('content-type'), 'application/rss+xml; charset=utf-8')
          const feed = await rss.text()
          assert.match(feed, /<item>\n<title>Größe<\/title>/)
          // Absolute, so made of the host and port that the gateway has told.
          const link = feed.match(/<guid[^>]*>([^<]*)</)?.[1]
          const commit = await (await get(link ?? 'none')).text()
          assert.match(commit, /Grüße/)
          await (await get(way.missing, 404)).text()
        },
      )

      void t.test(
        `RES-4 a snapshot from gitweb unpacks, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const get = await serve(t, adapter, way)
          const page = await (await get(way.page('summary'))).text()
          const snapshot = await get(linkTo(page, />snapshot<\/a>/))
          const disposition = snapshot.headers.get('content-disposition') ?? ''
          const name = disposition.match(/filename="(project-[0-9a-f]+)\.tar\.gz"/)?.[1]
          assert.ok(name !== undefined, disposition)
          const target = await mkdtemp(path.join(folder, 'snapshot-'))
          const input = Buffer.from(await snapshot.arrayBuffer())
          await run('tar', ['-xzf', '-'], { cwd: target, input, signal: signalOf(t) })
          const content = await readFile(path.join(target, name, 'docs', NAME), 'utf8')
          assert.equal(content, CONTENT)
        },
      )
    }
  }
})

void t.test('gitweb as its recipe has it', needs('gitweb', 'CGI.pm', 'git'), async (t) => {
  const recipe = new Page('recipes/git-web.md')

  for (const framework of ['fastify', 'express']) {
    void t.test(`MAP-1 gitweb's pages have their style (${framework})`, NO_HANG, async (t) => {
      const workplace = await Workplace.create(t, recipe)
      await workplace.start(process.execPath, [`gitweb-${framework}.js`])
      const signal = signalOf(t)
      const get = (address: string): Promise<Response> =>
        fetch(new URL(address, workplace.origin), { signal })
      const page = await (await get('/gitweb')).text()
      assert.match(page, /<title>127\.0\.0\.1 Git<\/title>/)
      const css = await get(linkTo(page, /type="text\/css"/))
      assert.match(css.headers.get('content-type') ?? '', /^text\/css\b/)
      assert.match(await css.text(), /^div\.page_header \{/m)
      const summary = await (await get(linkTo(page, />project\.git<\/a>/))).text()
      assert.match(summary, />Greet the world<\/a>/)
    })
  }
})
