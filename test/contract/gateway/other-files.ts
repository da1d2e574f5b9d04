import { strict as assert } from 'node:assert'
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import type { Answer } from '../../support/answer.js'
import { send } from '../../support/client.js'

const SCRIPT = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
cat > /dev/null
printf 'ran %s|%s|%s' "$SCRIPT_NAME" "$PATH_INFO" "$REQUEST_URI"
`
/** In every file that must not be sent. */
const SECRET = 'PASSWORD=hunter2'

const FILES: Readonly<Record<string, string>> = {
  'style.css': 'body { color: red }',
  'page.html': '<p>é</p>',
  'app.js': 'export {}',
  'picture.png': '\x89PNG',
  data: 'data',
  'index.pl.html': '<p>in Polish</p>',
  'datepicker.pl.min.js': 'export {}',
  'umowa.pl.docx': 'an agreement in Polish',
  'release.1.2': 'no source',
  'folder/index.html': '<p>the folder</p>',
  'folder/page.txt': 'a text',
  'empty/page.txt': 'a text',
  '.well-known/security.txt': 'Contact: a',
}

/** What may be the source of a script, or what is left of one. */
const SOURCES = [
  'front.sh~',
  'front.sh.bak',
  'front.SH',
  'front.sh.orig',
  'front.sh.save',
  'front.sh.old',
  '#front.sh#',
  'front.sh.swp',
  'front.sh.1',
  'front.sh-2020',
  'front.sh.txt',
  'front.sh.gz',
  'front (copy).sh',
  'Copy of front.sh.bak',
  'front.sh_',
  'front.sh,v',
  'front.sh.dpkg-old',
  'front.sh.bak1',
  'front.sh.~1~',
  'front.sh.mine',
  'front.sh.r1234',
  'front.sh;1',
  'front.sh.org',
  'config.php.prev',
  'config.php.kate-swp',
  'config.php!',
  // Their last extensions have media types.
  'config.php.in',
  'Module.pm.in',
  'settings.py.conf',
  'database.inc.sql',
  'own.say.ini',
  'own.say.v2.1',
  'config.php',
  'config.php5',
  'config.PHP',
  'config.phtml',
  'page.rpy',
  'page.epy',
  'config.phps',
  'config.inc',
  'config.php.bak',
  'config.php~',
  'config.inc.php.sample',
  'module.py',
  'module.pl',
  'm.rb',
  'own.say',
  'own.say.bak',
  'own.SAY~',
  'tool.jsp',
  'tool.asp',
  'x.cgi',
  'x.cgi.orig',
]

/** Scripts and other files in one folder. */
export function otherFilesSuite(t: Test, adapter: Adapter): void {
  void t.test(`MAP-8 (${adapter.name})`, async (t) => {
    let root: string
    let whole: string
    const started: RunningGateway[] = []
    t.before(async () => {
      whole = await realpath(await mkdtemp(path.join(tmpdir(), 'common-gateway-test-')))
      root = path.join(whole, 'root')
      const write = async (name: string, text: string): Promise<void> => {
        const file = path.join(root, name)
        await mkdir(path.dirname(file), { recursive: true })
        await writeFile(file, text)
      }
      for (const [name, text] of Object.entries(FILES)) await write(name, text)
      for (const name of SOURCES) await write(name, SECRET)
      for (const name of ['front.sh', 'folder/script.sh', 'program']) {
        await write(name, `${SCRIPT}# ${SECRET}\n`)
        await chmod(path.join(root, name), 0o755)
      }
      await write('unnamed', `#!/bin/sh\n# ${SECRET}`)
      await write('template.html', `\n<?php /* ${SECRET} */ ?>`)
      await write('lost.sh', `#!/bin/sh\n# ${SECRET}`)
      await write('.htpasswd', SECRET)
      await write('.git/config', SECRET)
      await symlink('front.sh', path.join(root, 'link.png'))
      await symlink('style.css', path.join(root, 'link.css'))
      await writeFile(path.join(whole, 'outside.txt'), SECRET)
      await symlink('../outside.txt', path.join(root, 'out.txt'))
    })
    t.after(async () => {
      for (const gateway of started) await gateway.close()
      await rm(whole, { recursive: true })
    })

    async function start(
      options: object,
    ): Promise<(url: string, more?: object) => Promise<Answer>> {
      const own = { root, extensions: ['.sh'], interpreters: { '.say': 'sh' }, ...options }
      const gateway = await adapter.start({ options: own })
      started.push(gateway)
      return (url, more) => send(gateway, `/cgi-bin${url}`, more)
    }

    void t.test('MAP-8 sends the files beside scripts, and runs the scripts', async () => {
      const get = await start({ otherFiles: 'send' })
      const types: Record<string, RegExp> = {
        'style.css': /^text\/css; charset=utf-8$/i,
        'page.html': /^text\/html; charset=utf-8$/i,
        'app.js': /^text\/javascript; charset=utf-8$/i,
        'picture.png': /^image\/png$/,
        'index.pl.html': /^text\/html/,
      }
      for (const [name, text] of Object.entries(FILES)) {
        if (name.startsWith('.')) continue
        const answer = await get(`/${name}`)
        assert.equal(answer.status, 200, name)
        assert.equal(answer.bytes.toString('utf8'), text, name)
        assert.deepEqual(answer.all('x-content-type-options'), ['nosniff'])
        const type = types[name]
        if (type !== undefined) assert.match(answer.all('content-type').join(), type)
      }
      assert.match((await get('/front.sh/a?b')).text, /^ran \/cgi-bin\/front\.sh\|\/a\|/)
      assert.equal((await get('/link.css')).text, FILES['style.css'])
      assert.equal((await get('/link.css')).all('content-type')[0]?.startsWith('text/css'), true)
    })

    void t.test('MAP-8 ranges, validators and HEAD of such a file are those of HTTP', async () => {
      const get = await start({ otherFiles: 'send' })
      const complete = await get('/style.css')
      const [etag = ''] = complete.all('etag')
      const cached = await get('/style.css', { headers: ['If-None-Match', etag] })
      assert.equal(cached.status, 304)
      assert.equal(cached.text, '')
      const part = await get('/style.css', { headers: ['Range', 'bytes=0-3'] })
      assert.equal(part.status, 206)
      assert.equal(part.text, 'body')
      const beyond = await get('/style.css', { headers: ['Range', 'bytes=900-'] })
      assert.equal(beyond.status, 416)
      const head = await get('/style.css', { method: 'HEAD' })
      assert.deepEqual([head.status, head.text], [200, ''])
      assert.deepEqual(head.all('content-length'), complete.all('content-length'))
      const post = await get('/style.css', { method: 'POST', body: 'x' })
      assert.equal(post.status, 405)
      assert.deepEqual(post.all('allow'), ['GET, HEAD'])
    })

    void t.test(
      'MAP-8 what could be the source of a script is never sent, nor a dot name',
      async () => {
        for (const otherFiles of ['send', 'ignore', 'deny']) {
          const get = await start({ otherFiles })
          const others = ['unnamed', 'program', 'template.html', 'lost.sh', 'link.png', 'out.txt']
          for (const name of [...SOURCES, ...others, '.htpasswd', '.git/config', 'front.sh%7e']) {
            const url = `/${name.replaceAll('#', '%23').replaceAll(' ', '%20')}`
            const answer = await get(url)
            assert.ok([403, 404].includes(answer.status), `${otherFiles} ${url}: ${answer.status}`)
            assert.ok(!answer.text.includes('hunter2'), url)
          }
          assert.equal((await get('/.well-known/security.txt')).status, 404)
        }
        const open = await start({ otherFiles: 'send', dotfiles: 'allow' })
        assert.equal((await open('/.well-known/security.txt')).text, 'Contact: a')
        assert.equal((await open('/.htpasswd')).status, 404)
        assert.equal((await open('/.git/config')).status, 404)
      },
    )

    void t.test(
      "MAP-8 'deny' refuses the others, 'ignore' leaves them to the application",
      async () => {
        const deny = await start({})
        assert.equal((await deny('/style.css')).status, 403)
        assert.equal((await deny('/style.css/x')).status, 403)
        assert.equal((await deny('/own.say')).status, 403)
        const ignore = await start({ otherFiles: 'ignore' })
        assert.equal((await ignore('/style.css')).status, 404)
        assert.equal((await ignore('/folder/')).status, 404)
        assert.match((await ignore('/front.sh')).text, /^ran/)
        const none = await start({ extensions: [], otherFiles: 'send' })
        assert.equal((await none('/front.sh')).status, 404)
        assert.equal((await none('/style.css')).status, 200)
      },
    )

    void t.test(
      'MAP-8 without extensions, what can be run is a script, and the rest is sent',
      async () => {
        const get = await start({ extensions: undefined, otherFiles: 'send' })
        assert.match((await get('/program/x')).text, /^ran \/cgi-bin\/program\|\/x/)
        assert.equal((await get('/page.html')).status, 200)
        assert.equal((await get('/lost.sh')).status, 404)
        assert.equal((await get('/unnamed')).status, 404)
      },
    )

    void t.test('MAP-8 a path through a file that is no script is not its PATH_INFO', async () => {
      const get = await start({ otherFiles: 'send' })
      for (const url of ['/style.css/x', '/style.css/', '/style.css//']) {
        assert.equal((await get(url)).status, 404, url)
      }
    })

    void t.test('MAP-5 MAP-8 the index of a folder may be a file that is sent', async () => {
      const index = ['script.none', 'index.html']
      const get = await start({ otherFiles: 'send', index })
      assert.equal((await get('/folder/')).text, FILES['folder/index.html'])
      const redirect = await get('/folder?q')
      assert.equal(redirect.status, 308)
      assert.deepEqual(redirect.all('location'), ['/cgi-bin/folder/?q'])
      assert.equal((await get('/empty/')).status, 404)
      const first = await start({ otherFiles: 'send', index: ['script.sh', 'index.html'] })
      assert.match((await first('/folder/')).text, /^ran \/cgi-bin\/folder\/script\.sh\|\|/)
    })

    void t.test(
      'MAP-8 the fallback answers for what names no file, and for what leads through one',
      async () => {
        const get = await start({ otherFiles: 'send', fallback: 'front.sh', index: ['index.html'] })
        for (const url of [
          '/',
          '/pretty/url?a=b',
          '/style.css/x',
          '/2024/01/',
          '/empty/',
          '/a%20b',
        ]) {
          const answer = await get(url)
          assert.equal(answer.text, `ran /cgi-bin/front.sh||/cgi-bin${url}`, url)
        }
        assert.equal((await get('/pretty', { method: 'POST', body: 'x' })).status, 200)
        assert.match((await get('/front.sh/x')).text, /^ran \/cgi-bin\/front\.sh\|\/x\|/)
        assert.equal((await get('/style.css')).text, FILES['style.css'])
        assert.equal((await get('/folder/')).text, FILES['folder/index.html'])
        for (const url of ['/config.php', '/front.sh~', '/.htpasswd', '/.git/config', '/out.txt']) {
          assert.equal((await get(url)).status, 404, url)
        }
        assert.equal((await get('/.missing/x')).text, 'ran /cgi-bin/front.sh||/cgi-bin/.missing/x')
        assert.equal((await get('/a/../b')).status, 400)
        assert.equal((await get('/a%2fb')).status, 400)
        const slashes = await start({ fallback: 'front.sh', encodedSlashes: 'allow' })
        assert.equal((await slashes('/AC%2FDC')).text, 'ran /cgi-bin/front.sh||/cgi-bin/AC%2FDC')
      },
    )

    void t.test('MAP-8 a file that is sent starts nothing and is no run', async () => {
      const gateway = await adapter.start({
        options: { root, extensions: ['.sh'], otherFiles: 'send', maxProcesses: 1 },
      })
      started.push(gateway)
      assert.equal((await send(gateway, '/cgi-bin/page.html')).status, 200)
      assert.deepEqual(gateway.stats().started, 0)
    })

    void t.test('MAP-4 logs a link that leaves the root once, with its target', async () => {
      const gateway = await adapter.start({ options: { root } })
      started.push(gateway)
      for (let count = 0; count < 3; count += 1) {
        assert.equal((await send(gateway, '/cgi-bin/out.txt')).status, 404)
      }
      const told = gateway.log.filter(({ linkTarget }) => linkTarget !== undefined)
      assert.equal(told.length, 1)
      assert.equal(told[0]?.['linkTarget'], path.join(whole, 'outside.txt'))
      assert.equal(told[0]?.['script'], path.join(root, 'out.txt'))
      assert.match(told[0]?.message ?? '', /linkRoots/)
      const open = await adapter.start({
        options: { root, linkRoots: [whole], extensions: ['.sh'], otherFiles: 'send' },
      })
      started.push(open)
      assert.equal((await send(open, '/cgi-bin/out.txt')).text, SECRET)
    })
  })
}
