import assert from 'node:assert/strict'
import t from 'tap'
import { createStaticSite, SOURCE, STATIC_SERVERS, type StaticSite } from './fuzz/static-site.js'
import { ask, SPELLINGS } from './fuzz/static-source.js'

for (const [name, start] of Object.entries(STATIC_SERVERS)) {
  void t.test(`static files behind the gateway (${name})`, async (t) => {
    let site: StaticSite
    let server: Awaited<ReturnType<typeof start>>
    t.before(async () => {
      site = createStaticSite()
      server = await start(site)
    })
    t.after(async () => {
      await server.close()
      site.remove()
    })

    void t.test(
      `MAP-4 no one of ${SPELLINGS.length} spellings gives the source of a script`,
      async () => {
        for (const target of SPELLINGS) {
          const answer = await ask(server.port, target)
          assert.ok(!answer.includes(SOURCE), `${target}: ${answer}`)
          assert.match(answer, /^HTTP\/1\.1 (?:200|301|308|40[034]) /, target)
        }
      },
    )

    void t.test(
      'MAP-1 MAP-2 scripts run, and what is not there is for the application',
      async () => {
        assert.match(
          await ask(server.port, '/cgi-bin/a.cgi/x'),
          /\r\n\r\n.*ran \/cgi-bin\/a.cgi \/x/s,
        )
        assert.match(await ask(server.port, '/cgi-bin/sub//b.cgi'), /ran \/cgi-bin\/sub\/b.cgi /)
        assert.match(await ask(server.port, '/page.txt'), /^HTTP\/1\.1 200 .*a page/s)
        assert.match(await ask(server.port, '//page.txt'), /^HTTP\/1\.1 (?:200|403|404) /)
        assert.match(await ask(server.port, '/cgi-bin/none'), /^HTTP\/1\.1 404 /)
      },
    )

    void t.test(
      'MAP-4 what is withheld is 404 of the gateway’s, a folder outside as well',
      async () => {
        for (const path of [
          'out.cgi',
          'out',
          'out/',
          '.hidden.cgi',
          '.dot',
          '.dot/',
          '.dot/c.cgi',
        ]) {
          assert.match(await ask(server.port, `/cgi-bin/${path}`), /^HTTP\/1\.1 404 /, path)
        }
      },
    )
  })
}
