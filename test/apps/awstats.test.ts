import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { NO_HANG } from './application.js'
import { AWSTATS, needs, run } from './programs.js'

const recipe = new Page('recipes/awstats.md')

interface Site {
  /** Where the recipe has AWStats' files. */
  readonly folder: string
  get: (address: string, status?: number) => Promise<Response>
  /** A report of March 2026. */
  report: (query?: string) => Promise<string>
}

void t.test('AWStats', { ...needs('AWStats', 'perl'), jobs: 2 }, async (t) => {
  for (const framework of ['fastify', 'express']) {
    async function serve(t: Test): Promise<Site> {
      const workplace = await Workplace.create(t, recipe)
      await workplace.start(process.execPath, [`${framework}.js`])
      const folder = path.join(workplace.folder, 'awstats')
      const get: Site['get'] = async (address, status = 200) => {
        const url = new URL(address, `${workplace.origin}/cgi-bin/`)
        const response = await fetch(url, { signal: signalOf(t) })
        assert.equal(response.status, status, url.href)
        return response
      }
      const site = `config=site&configdir=${folder}&year=2026&month=03`
      return {
        folder,
        get,
        report: async (query = '') => (await get(`awstats.pl?${site}${query}`)).text(),
      }
    }

    void t.test(
      `ENV-1 ENV-6 AWStats reports; its links and pictures are there (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get, report } = await serve(t)
        const page = await report()
        assert.match(page, /<title>Statistics for site\.example\.org \(2026-03\)/)
        assert.match(page, />\/birds\/wren\.html<\/a>/)
        const pictures = new Set(
          [...page.matchAll(/<img src="([^"]*)"/g)].map(([, src = '']) => src),
        )
        assert.ok(pictures.size > 5)
        for (const picture of pictures) {
          const response = await get(picture)
          assert.match(response.headers.get('content-type') ?? '', /^image\//)
          await response.arrayBuffer()
        }
        const urls = await report('&output=urldetail')
        assert.match(urls, />\/birds\/wren\.html<\/a><\/td><td>2<\/td>/)
        const missing = await report('&output=errors404')
        assert.match(missing, />\/missing\.html<\/td>/)
      },
    )

    void t.test(
      `AWStats counts what it is told to, and not by a browser (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { folder, report } = await serve(t)
        const line = `192.0.2.9 - - [07/Mar/2026:09:00:00 +0000] "GET /birds/robin.html HTTP/1.1" 200 1024 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"\n`
        await appendFile(path.join(folder, 'access.log'), line)
        assert.doesNotMatch(await report('&update=1'), /robin/)
        const args = [AWSTATS, '-config=site', `-configdir=${folder}`, '-update']
        const { PATH = '' } = process.env
        await run('perl', args, { cwd: folder, env: { PATH }, signal: signalOf(t) })
        assert.match(await report(), />\/birds\/robin\.html<\/a>/)
      },
    )

    void t.test(
      `ENV-3 AWStats reads no configuration but this (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const { get } = await serve(t)
        const refused = await (await get('awstats.pl?config=site&configdir=/tmp')).text()
        assert.match(refused, /AWSTATS_ENABLE_CONFIG_DIR/)
      },
    )
  }
})
