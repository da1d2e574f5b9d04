import { strict as assert } from 'node:assert'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { needs } from '../apps/programs.js'

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url))

/** Starts an example as its `npm start` does, and stops it after the test; returns what it printed last. */
async function start(t: Test, name: string, env: Record<string, string> = {}): Promise<string> {
  const cwd = path.join(EXAMPLES, name)
  const text = readFileSync(path.join(cwd, 'package.json'), 'utf8')
  // The file is ours: it has this script.
  const { scripts } = JSON.parse(text) as { scripts: { start: string } }
  assert.equal(scripts.start, 'node server.js')
  const server = spawn(process.execPath, ['server.js'], {
    cwd,
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = once(server, 'exit')
  t.after(async () => {
    server.kill('SIGTERM')
    assert.deepEqual(await end, [0, null], 'it stops')
  })
  let output = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk)
    const [, url] = /^[^{]*(http:\/\/\S+:\d+\/\S*)$/m.exec(output) ?? []
    if (url === undefined) continue
    server.stdout.resume()
    return url
  }
  throw new Error(`${name} has ended:\n${output}`)
}

void t.test('the examples', { jobs: 2 }, async (t) => {
  void t.test('are all in the table', async () => {
    const folders = readdirSync(EXAMPLES).filter((name) => !name.includes('.'))
    const readme = readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
    const named = [...readme.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name)
    assert.deepEqual(new Set(named), new Set(folders))
  })

  void t.test('fastify: a script sends its own status', { buffered: true }, async (t) => {
    const url = await start(t, 'fastify')
    const answer = await fetch(`${url}cgi-bin/forbidden.sh`)
    assert.deepEqual([answer.status, await answer.json()], [403, { error: 'forbidden' }])
    const greeting = await (await fetch(`${url}cgi-bin/greet.sh`)).text()
    assert.equal(greeting, 'Hello from /cgi-bin/greet.sh to 127.0.0.1\n')
  })

  void t.test('express: Python adds', { buffered: true, ...needs('python3') }, async (t) => {
    const url = await start(t, 'express')
    assert.match(await (await fetch(url)).text(), /action="\/tools\/add\.py"/)
    assert.equal(await (await fetch(`${url}tools/add.py?a=1.5&b=2`)).text(), '3.5\n')
    const refused = await fetch(`${url}tools/add.py?a=one`)
    assert.deepEqual([refused.status, await refused.text()], [400, 'a and b must be numbers\n'])
  })

  void t.test('php: pages and files', { buffered: true, ...needs('php-cgi') }, async (t) => {
    const url = await start(t, 'php')
    assert.match(await (await fetch(`${url}?name=<b>`)).text(), /Hello, &lt;b&gt;\./)
    const style = await fetch(`${url}style.css`)
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/)
  })

  void t.test('git-hosting: clone and push', { buffered: true, ...needs('git') }, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const url = await start(t, 'git-hosting', { REPOSITORIES: path.join(folder, 'repositories') })
    const git = (...args: string[]): Promise<unknown> =>
      promisify(execFile)('git', args, {
        cwd: folder,
        env: { ...process.env, HOME: folder, GIT_TERMINAL_PROMPT: '0' },
      })
    const author = ['-c', 'user.name=Grace', '-c', 'user.email=grace@example.org']
    await git('clone', '--quiet', url, 'work')
    await git('-C', 'work', ...author, 'commit', '--quiet', '--allow-empty', '--message', 'Begin')
    await assert.rejects(git('-C', 'work', 'push', '--quiet', 'origin', 'HEAD:main'), /terminal/)
    const known = url.replace('//', '//grace:secret@')
    await git('-C', 'work', 'push', '--quiet', known, 'HEAD:main')
    await git('clone', '--quiet', url, 'copy')
  })

  void t.test('event-stream: events arrive, one by one', { buffered: true }, async (t) => {
    const url = await start(t, 'event-stream')
    assert.match(await (await fetch(url)).text(), /new EventSource/)
    const leaving = new AbortController()
    const { body } = await fetch(`${url}cgi-bin/clock.sh`, { signal: leaving.signal })
    const first = await body?.getReader().read()
    assert.match(new TextDecoder().decode(first?.value), /^id: 1\ndata: \d\d:\d\d:\d\d\n\n$/)
    leaving.abort()
  })
})
