import { strict as assert } from 'node:assert'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import type { Answer } from '../../support/answer.js'
import { send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'

/** What becomes of fields that both the application and a script set. */
export function listsSuite(t: Test, adapter: Adapter): void {
  void t.test(`RES-9 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({
        options: { root: CGI_BIN },
        fields: {
          Vary: 'Origin, Accept-Encoding',
          Link: ['</app.css>; rel=preload', '</b>; title="a, b"'],
          'Server-Timing': 'app;dur=1',
          'Access-Control-Expose-Headers': 'X-App',
          'Timing-Allow-Origin': 'https://a.example',
          'Cache-Control': 'private',
          'Content-Security-Policy': "default-src 'self'",
          'Set-Cookie': ['app=1', 'app=2'],
          'X-App': 'yes',
        },
      })
    })
    t.after(() => gateway.close())

    /** What is in a list, whether it came in one line or several. */
    const listIn = (answer: Answer, name: string): string => answer.all(name).join(', ')

    async function sayBoth(...lines: string[]): Promise<Answer[]> {
      const bytes = [...lines, '', 'body'].join('\n')
      return [await send(gateway, saying(bytes)), await send(gateway, saying(bytes, true))]
    }

    void t.test(
      'RES-9 unites Vary, each field once, in whatever case and in however many lines',
      async () => {
        for (const lines of [
          ['Vary: Accept-Language, ORIGIN,, Cookie'],
          ['Vary: accept-encoding', 'vary: Accept-Language', 'VARY: origin , Cookie'],
        ]) {
          for (const answer of await sayBoth(...lines)) {
            const names = listIn(answer, 'vary').split(', ')
            assert.deepEqual(names, ['Origin', 'Accept-Encoding', 'Accept-Language', 'Cookie'])
          }
        }
      },
    )

    void t.test('RES-9 Vary: * of the script means all', async () => {
      for (const answer of await sayBoth('Vary: *')) assert.equal(listIn(answer, 'vary'), '*')
      for (const answer of await sayBoth('Vary: Cookie, *')) {
        assert.equal(listIn(answer, 'vary'), '*')
      }
    })

    void t.test('RES-9 unites other lists in which each member stands for itself', async () => {
      const answers = await sayBoth(
        'Link: </script.css>; rel=preload',
        'Link: </c>; title="c, d"',
        'Server-Timing: db;dur=2',
        'Access-Control-Expose-Headers: X-Script, x-app',
        'Timing-Allow-Origin: https://b.example',
      )
      for (const answer of answers) {
        assert.equal(
          listIn(answer, 'link'),
          '</app.css>; rel=preload, </b>; title="a, b", </script.css>; rel=preload, </c>; title="c, d"',
        )
        assert.equal(listIn(answer, 'server-timing'), 'app;dur=1, db;dur=2')
        assert.equal(listIn(answer, 'access-control-expose-headers'), 'X-App, X-Script')
        assert.equal(listIn(answer, 'timing-allow-origin'), 'https://a.example, https://b.example')
      }
    })

    void t.test('RES-9 the cookies of both are set', async () => {
      for (const answer of await sayBoth('Set-Cookie: script=1', 'Set-Cookie: script=2')) {
        const cookies = ['app=1', 'app=2', 'script=1', 'script=2']
        assert.deepEqual(answer.all('set-cookie'), cookies)
      }
    })

    void t.test("RES-9 else the script's field wins, and what it does not set stays", async () => {
      const answers = await sayBoth(
        'Cache-Control: no-store',
        "Content-Security-Policy: default-src 'none'",
        'X-Script: yes',
      )
      for (const answer of answers) {
        assert.deepEqual(answer.all('cache-control'), ['no-store'])
        assert.deepEqual(answer.all('content-security-policy'), ["default-src 'none'"])
        assert.deepEqual(answer.all('x-script'), ['yes'])
        assert.deepEqual(answer.all('x-app'), ['yes'])
        assert.equal(listIn(answer, 'vary'), 'Origin, Accept-Encoding')
        assert.match(listIn(answer, 'link'), /^<\/app\.css>/)
      }
    })
  })
}
