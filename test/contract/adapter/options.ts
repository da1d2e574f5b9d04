import { CgiError } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { CGI_BIN } from '../../support/fixtures.js'

/** The errors for options when an application creates the gateway. */
export function optionsSuite(t: Test, adapter: Adapter): void {
  void t.test(`OPT, LIM-3 (${adapter.name})`, async (t) => {
    const refused = (options: object, told: RegExp): Promise<void> =>
      assert.rejects(
        adapter.start({ options }),
        (error) =>
          error instanceof CgiError &&
          error.code === 'CGI_ERR_INVALID_OPTION' &&
          told.test(error.message),
      )

    void t.test('OPT-1 refuses options that break their rule, when it is made', async () => {
      await refused(
        { root: CGI_BIN, bodyLimit: '1' },
        /`bodyLimit` .* integer .*, got '1' \(string\)/,
      )
      await refused({ root: CGI_BIN, rooot: '/' }, /`rooot` .* known options .*, got '\/'/)
      await refused({ root: '/no/such/folder' }, /`root` .* folder that exists, got '\/no\/such/)
      await refused({ root: CGI_BIN, interpreters: { py: '/bin/sh' } }, /begins with its dot/)
    })

    void t.test(
      'OPT-1 names the option that a typing error was meant to be, and all where it was none',
      async () => {
        for (const [name, meant] of [
          ['interpeters', 'interpreters'],
          ['maxProcceses', 'maxProcesses'],
          ['headerTimeout', 'headersTimeout'],
          ['Root', 'root'],
          ['documentroot', 'documentRoot'],
          ['inheritENV', 'inheritEnv'],
        ] as const) {
          const told = `\`${name}\` option to be one of the known options \\(did you mean \`${meant}\`\\?\\), got`
          await refused({ [name]: 1 }, new RegExp(told))
        }
        await refused(
          { somethingElseAltogether: 1 },
          /known options \(root, .*errorPage.*\), got 1/,
        )
      },
    )

    void t.test('LIM-3 refuses limits that it cannot set, rather than ignore them', async () => {
      for (const [name, value] of [
        ['memoryLimit', 1],
        ['openFileLimit', 1],
        ['user', 'no-such-user'],
        ['group', 'no-such-group'],
        ['cpuTimeLimit', -1],
        ['fileSizeLimit', 0.5],
        ['nice', 20],
      ] as const) {
        await refused({ root: CGI_BIN, [name]: value }, new RegExp(`\`${name}\`.* got .*${value}`))
      }
    })

    void t.test('OPT-2, OPT-3 without any option, ./cgi-bin answers at /cgi-bin/', async (t) => {
      const before = process.cwd()
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => {
        process.chdir(before)
        rmSync(folder, { recursive: true })
      })
      mkdirSync(path.join(folder, 'cgi-bin'))
      const script = path.join(folder, 'cgi-bin', 'a.cgi')
      writeFileSync(script, '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nhere"\n', {
        mode: 0o755,
      })
      process.chdir(folder)
      const gateway = await adapter.start()
      t.after(() => gateway.close())
      assert.equal((await send(gateway, '/cgi-bin/a.cgi')).text, 'here')
    })
  })
}
