import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { createTemporaryFolder, writeProgram } from './core/temporary-folder.js'
import { type Adapter, express5, fastify5, type RunningGateway } from './support/adapters.js'
import { send } from './support/client.js'
import { EchoTransport } from './support/echo-transport.js'

const CODE = '<?php system($_GET["c"]);'
/** A picture with code in it, as an upload may be. */
const PICTURE = `\xff\xd8\xff\xe0picture ${CODE}`
const MOUNT = '/site'

const root = createTemporaryFolder(t)
const write = (name: string, text: string): string => writeProgram(root, name, text, 0o644)
write('index.php', CODE)
write('admin/index.php', CODE)
write('empty/plain.txt', 'plain')
write('style.css', 'body {}')
for (const name of ['evil.jpg', 'evil.php.jpg', 'evil', 'evil.php .jpg']) {
  write(`uploads/${name}`, PICTURE)
}
const SOURCES = [
  'uploads/code.jpg',
  'a.php~',
  'a.php.bak',
  'a.php.1',
  '.a.php.swp',
  'a.pHp',
  'a.PHP',
  'a.php5',
  'a.phtml',
  'a.phar',
  'a.inc',
  'a.x~',
  '.htaccess',
  '.git/config',
]
for (const name of SOURCES) write(name, CODE)
symlinkSync('index.php', path.join(root, 'link.txt'))

/** What runs, by URL: the script and its PATH_INFO, which is absent where it is undefined. */
const RUN: readonly (readonly [url: string, script: string, pathInfo?: string])[] = [
  ['/', 'index.php'],
  ['/?a=b', 'index.php'],
  ['/index.php', 'index.php'],
  ['/index.php/', 'index.php', '/'],
  ['/index.php/a/b.php', 'index.php', '/a/b.php'],
  ['/admin/', 'admin/index.php'],
  ['/empty/', 'index.php'],
  ['/pretty/name?q=1', 'index.php'],
  ['/missing.php', 'index.php'],
  ['/missing.php/x', 'index.php'],
  ['/pretty.php%20', 'index.php'],
  ['/index.php.', 'index.php'],
  // A path through a file that is no script.
  ['/uploads/evil.jpg/x.php', 'index.php'],
  ['/uploads/evil.jpg/', 'index.php'],
  ['/uploads/evil.jpg/index.php/y', 'index.php'],
  ['/uploads/evil.php.jpg/.php', 'index.php'],
  ['/uploads/evil/x.php', 'index.php'],
  ['/uploads/code.jpg/x.php', 'index.php'],
  ['/style.css/index.php', 'index.php'],
  ['/a.pHp/x.php', 'index.php'],
]

/** What is sent as it is. */
const SENT: readonly (readonly [url: string, type: string, text: string])[] = [
  ['/style.css', 'text/css', 'body {}'],
  ['/uploads/evil.jpg', 'image/jpeg', PICTURE],
  ['/uploads/evil.php.jpg', 'image/jpeg', PICTURE],
  ['/uploads/evil.php%20.jpg', 'image/jpeg', PICTURE],
]

/** What is neither run nor sent. */
const REFUSED: readonly (readonly [url: string, status: number])[] = [
  ...SOURCES.map((name) => [`/${name}`, 404] as const),
  ['/link.txt', 404],
  ['/uploads/evil.jpg%00.php', 400],
  ['/uploads/evil.jpg%2fx.php', 400],
  ['/uploads/evil.jpg%5cx.php', 400],
  ['/uploads/..%2findex.php', 400],
  ['/uploads/%2e%2e/index.php', 400],
]

for (const adapter of [fastify5, express5]) suite(adapter)

function suite(adapter: Adapter): void {
  void t.test(`a site with a front controller (${adapter.name})`, async (t) => {
    const start = async (
      t: Test,
      own: object = {},
    ): Promise<{ gateway: RunningGateway; transport: EchoTransport }> => {
      const transport = new EchoTransport()
      const options = {
        root,
        index: ['index.php'],
        interpreters: { '.php': transport },
        fallbackInterpreters: { '.x': transport },
        otherFiles: 'send',
        fallback: 'index.php',
        ...own,
      } as const
      const gateway = await adapter.start({ options, mount: MOUNT })
      t.after(() => gateway.close())
      return { gateway, transport }
    }

    void t.test('MAP-8 UP-3 a path that names no file is the front controller’s', async (t) => {
      const { gateway } = await start(t)
      for (const [url, script, pathInfo] of RUN) {
        const answer = await send(gateway, MOUNT + url)
        assert.equal(answer.status, 200, url)
        const variables = JSON.parse(answer.text) as Record<string, string>
        assert.equal(variables['SCRIPT_NAME'], `${MOUNT}/${script}`, url)
        assert.equal(variables['SCRIPT_FILENAME'], path.join(root, script), url)
        assert.equal(variables['PATH_INFO'], pathInfo, url)
        assert.equal('PATH_INFO' in variables, pathInfo !== undefined, url)
        assert.equal('PATH_TRANSLATED' in variables, pathInfo !== undefined, url)
        assert.equal(variables['REQUEST_URI'], MOUNT + url, url)
        assert.equal(variables['QUERY_STRING'], url.split('?')[1] ?? '', url)
        assert.equal(variables['DOCUMENT_ROOT'], root, url)
      }
    })

    void t.test('MAP-8 UP-3 other files are sent, and never run', async (t) => {
      const { gateway, transport } = await start(t)
      for (const [url, type, text] of SENT) {
        const answer = await send(gateway, MOUNT + url)
        assert.equal(answer.status, 200, url)
        assert.match(String(answer.all('content-type')), new RegExp(`^${type}`), url)
        assert.equal(answer.text, Buffer.from(text).toString('latin1'), url)
        assert.equal((await send(gateway, MOUNT + url, { method: 'POST', body: 'a' })).status, 405)
      }
      const redirect = await send(gateway, `${MOUNT}/admin`)
      assert.equal(redirect.status, 308)
      assert.deepEqual(redirect.all('location'), [`${MOUNT}/admin/`])
      assert.equal(transport.calls.length, 0)
    })

    void t.test('MAP-8 UP-3 source is neither run nor sent', async (t) => {
      const { gateway, transport } = await start(t)
      for (const [url, status] of REFUSED) {
        const answer = await send(gateway, MOUNT + url)
        assert.equal(answer.status, status, url)
        assert.equal(answer.text.includes('system('), false, url)
      }
      assert.equal(transport.calls.length, 0)
    })

    void t.test('UP-3 nothing that lies on the path of a script name is run', async (t) => {
      for (const otherFiles of ['deny', 'ignore', 'send']) {
        const { gateway, transport } = await start(t, { fallback: undefined, otherFiles })
        for (const [url, script] of RUN) {
          if (!url.startsWith('/uploads/')) continue
          const answer = await send(gateway, MOUNT + url)
          assert.ok(answer.status === 404 || answer.status === 403, `${url} ${script}`)
        }
        assert.equal(transport.calls.length, 0)
      }
    })

    void t.test('MAP-8 an encoded slash is the front controller’s, where it may be', async (t) => {
      const { gateway } = await start(t, { encodedSlashes: 'allow' })
      for (const url of ['/a%2Fb', '/uploads/evil.jpg%2fx.php']) {
        const answer = await send(gateway, MOUNT + url)
        const variables = JSON.parse(answer.text) as Record<string, string>
        assert.equal(variables['SCRIPT_NAME'], `${MOUNT}/index.php`, url)
        assert.equal(variables['REQUEST_URI'], MOUNT + url)
        assert.equal('PATH_INFO' in variables, false)
      }
    })
  })
}
