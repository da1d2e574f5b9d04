import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { fields, send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { refuse } from './refused-call.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'
import { CheckQueue } from '@internal/cli/authentication/check-queue.js'
import { readCredentials } from '@internal/cli/authentication/credentials.js'
import { readPasswordHash } from '@internal/cli/authentication/password-hash.js'

/** What `htpasswd -B`, `-m` and `-s` have written. */
const HASHES = {
  bcrypt: ['secret', '$2y$05$fRcf86NEmY8L2.xGp/YqWeUJRtal.3oD9Rbk1TE/3J1W8u07/KAqO'],
  md5: ['grün:x', '$apr1$rGZSuDiY$map3hr0G0FP9oKrQ8SWzc1'],
  sha1: ['sha', '{SHA}2PRZAyDhNDqRW2OUFwZQqPNdaSY='],
} as const

const basic = (name: string, password: string): string[] => {
  return ['Authorization', `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`]
}

const USER = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s %s' "$REMOTE_USER" "$AUTH_TYPE" "$HTTP_AUTHORIZATION"
`

void t.test('a hash of htpasswd is checked, and text that is no hash is reported', async () => {
  for (const [password, hash] of Object.values(HASHES)) {
    const read = readPasswordHash(hash)
    assert.ok('check' in read, hash)
    assert.equal(await read.check(password), true, hash)
    for (const wrong of ['', `${password} `, password.toUpperCase()]) {
      assert.equal(await read.check(wrong), false, `${wrong} of ${hash}`)
    }
  }
  const costly = '$2y$15$wQFn1m4M8ft3niu9ibaoa.qHyAJQdR.IhRiy57kL8/61fPTq2HgUy'
  for (const hash of ['xk3NDXYzvaNU6', 'secret', '', '$5$a$b', '{SHA}', '$2y$05$short', costly]) {
    const read = readPasswordHash(hash)
    assert.ok('problem' in read && read.problem.includes('htpasswd -'), hash)
  }
})

void t.test(
  'credentials are those of the scheme Basic, in UTF-8 and without control characters',
  async () => {
    const read = (bytes: string | Buffer): unknown => {
      return readCredentials(`Basic ${Buffer.from(bytes).toString('base64')}`)
    }
    assert.deepEqual(read('ann:a:b'), { name: 'ann', password: 'a:b' })
    assert.deepEqual(readCredentials('bAsIc  YTpi'), { name: 'a', password: 'b' })
    const bad = [
      'ann',
      ':a',
      'a:\0',
      'a\n:b',
      Buffer.from([0x61, 0x3a, 0xff]),
      `a:${'x'.repeat(256)}`,
    ]
    for (const each of bad) assert.equal(read(each), null)
    for (const field of [
      undefined,
      '',
      'Basic',
      'Basic !',
      'Bearer YTpi',
      'Basic YTpi, Basic YTpi',
    ]) {
      assert.equal(readCredentials(field), null)
    }
  },
)

void t.test(
  'a password is checked once, one after the other, and no more wait than the bound',
  async () => {
    let running = 0
    let checks = 0
    const check = async (password: string): Promise<boolean> => {
      running += 1
      checks += 1
      assert.equal(running, 1)
      await new Promise(setImmediate)
      running -= 1
      if (password === 'throws') throw new Error('cannot be checked')
      return password === 'right'
    }
    const passwords = { checks: new Map([['ann', check]]), problems: [] }
    const queue = new CheckQueue()
    const ask = (name: string, password: string): ReturnType<typeof queue.check> => {
      return queue.check(passwords, { name, password })
    }
    assert.deepEqual(
      await Promise.all([ask('ann', 'right'), ask('ann', 'right'), ask('ann', 'throws')]),
      [true, true, false],
    )
    assert.equal(checks, 2)
    assert.equal(ask('ann', 'right'), true)
    assert.equal(ask('ann', 'throws'), false)

    // A name that is not there costs what one does that is.
    assert.equal(await ask('zed', 'right'), false)
    assert.equal(checks, 3)

    const waiting = Array.from({ length: 32 }, async (_, index) => ask('ann', `wrong ${index}`))
    assert.equal(ask('ann', 'one more'), 'busy')
    assert.equal(ask('ann', 'right'), true)
    assert.ok((await Promise.all(waiting)).every((verdict) => verdict === false))

    // What has been changed is checked again.
    const changed = { checks: new Map([['ann', async () => false]]), problems: [] }
    assert.equal(await queue.check(changed, { name: 'ann', password: 'right' }), false)
  },
)

void t.test(
  '--auth lets in the users that the file names, before anything is looked up',
  NO_HANG,
  async (t) => {
    const entries = Object.entries(HASHES).map(([name, [, hash]]) => `${name}:${hash}\n`)
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/user.sh': USER,
      'cgi-bin/again.sh': `#!/bin/sh\nprintf 'Location: /cgi-bin/user.sh\\n\\n'\n`,
      'users.txt': `# of the site\n\n${entries.join('')}`,
    })
    const file = path.join(folder, 'users.txt')
    const { port } = await serve(t, folder, '--auth', file)
    const realm = ['Basic realm="Common Gateway", charset="UTF-8"']
    const urls = ['/', '/page.html', '/nothing', '/cgi-bin/user.sh', '/users.txt', '/%zz']
    urls.push('/.common-gateway/', '/.common-gateway/inspect', '/cgi-bin/', '//', '*')
    for (const url of urls) {
      for (const method of ['GET', 'HEAD', 'POST', 'PROPFIND']) {
        const answer = await send(port, url, { method })
        assert.deepEqual([answer.status, answer.all('www-authenticate')], [401, realm], url)
        if (method !== 'HEAD') assert.equal(answer.text, '401 Unauthorized\n')
      }
    }
    const ask = (url: string, headers: string[]): ReturnType<typeof send> =>
      send(port, url, { headers })
    for (const [name, [password]] of Object.entries(HASHES)) {
      const login = basic(name, password)
      assert.equal((await ask('/page.html', login)).text, 'page')
      for (const url of ['/cgi-bin/user.sh', '/cgi-bin/again.sh']) {
        assert.equal((await ask(url, login)).text, `${name} Basic `, url)
      }
      assert.equal((await ask('/users.txt', login)).status, 404)
      assert.equal((await ask('/cgi-bin/user.sh', basic(name, 'wrong'))).status, 401)
    }
    const [password, hash] = HASHES.sha1
    assert.equal((await ask('/page.html', basic('late', password))).status, 401)
    appendFileSync(file, `late:${hash}\nodd:plain\n`)
    assert.equal((await ask('/page.html', basic('late', password))).status, 200)
    assert.equal((await ask('/page.html', basic('odd', 'plain'))).status, 401)
    writeFileSync(file, `late:${hash}\n`)
    assert.equal((await ask('/page.html', basic('sha1', password))).status, 401)
    rmSync(file)
    assert.equal((await ask('/page.html', basic('late', password))).status, 401)
  },
)

void t.test('--auth reports what is wrong with its file', NO_HANG, async (t) => {
  const folder = createSite(t, { empty: '\n', plain: 'ann:secret\n', odd: 'ann\n' })
  const cases: [file: string, named: RegExp][] = [
    ['empty', /--auth: .+empty has no users; htpasswd -B /],
    ['plain', /--auth: line 1 of .+plain \('ann'\) has no .+ hash; htpasswd -B makes one/],
    ['odd', /--auth: line 1 of .+odd must be NAME:HASH/],
    ['.', /--auth: .+ is not a password file/],
  ]
  for (const [name, named] of cases) {
    const { code, message } = await refuse([folder, '--auth', name], folder)
    assert.equal(code, 2)
    assert.match(message, named)
  }
})

void t.test(
  'ENV-4 a trusted proxy says which client a request is from, and no other client does',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/client.sh': `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s' "$REMOTE_ADDR" "$REQUEST_SCHEME"\n`,
    })
    const headers = fields('X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https')
    const trusting = await serve(t, folder, '--trust-proxy', 'loopback', '--log', 'json')
    const { text } = await send(trusting.port, '/cgi-bin/client.sh', { headers })
    assert.equal(text, '192.0.2.7 https')
    const record: unknown = JSON.parse(await trusting.outputs(/"event":"request"/))
    assert.ok(record instanceof Object && 'client' in record)
    assert.equal(record.client, '192.0.2.7')

    // A refused client is logged with the address that counts.
    writeFileSync(path.join(folder, 'users'), `ann:${HASHES.sha1[1]}\n`)
    const auth = ['--auth', path.join(folder, 'users'), '--log', 'json']
    const guarded = await serve(t, folder, '--trust-proxy', 'true', ...auth)
    assert.equal((await send(guarded.port, '/', { headers })).status, 401)
    assert.match(await guarded.outputs(/"status":401/), /"client":"192\.0\.2\.7"/)

    const { port } = await serve(t, folder, '--trust-proxy', '192.0.2.0/24')
    assert.equal((await send(port, '/cgi-bin/client.sh', { headers })).text, '127.0.0.1 http')
  },
)
