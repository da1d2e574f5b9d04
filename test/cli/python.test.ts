import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { exchange } from '../support/client.js'
import { Command } from './command.js'
import { needs } from './program.js'
import { OF_THE_HOST, readAnswer, toVisible } from './python/answer.js'
import { type Case, judge } from './python/difference.js'
import { FILE_CASES } from './python/file-cases.js'
import { SCRIPT_CASES } from './python/script-cases.js'
import { createPythonSite } from './python/site.js'
import { serve } from './served-folder.js'

const CASES = [...FILE_CASES, ...SCRIPT_CASES]

/** Rows about the start of the server, each with a test of its own below. */
const OF_THE_START = ['`--cgi`', '`-p`', 'The address', 'A port that is taken']

/** Options for what needs Python's server as it was: 3.15 has it no more. */
function needsOldPython(): { timeout: number; skip: string | false } {
  const options = needs('python3')
  if (options.skip !== false) return options
  const help = spawnSync('python3', ['-m', 'http.server', '--help'], { encoding: 'utf8' }).stdout
  if (help.includes('--cgi')) return options
  // In CI it is there, so that its absence is a failure of these tests.
  if (process.env['CI']) return options
  return { ...options, skip: 'needs a python3 whose http.server has --cgi: 3.14 or older' }
}

const OLD_PYTHON = needsOldPython()

/** Where Python's server listens. */
interface Listening {
  readonly address: string
  readonly port: number
}

/** Starts Python's server on a folder and a free port; it is gone after the test. */
function servePython(t: Test, folder: string, ...args: string[]): Promise<Listening> {
  const command = ['-u', '-m', 'http.server', '--cgi', '0', ...args]
  const child = spawn('python3', command, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill()
    await ended
  })
  return new Promise((resolve, reject) => {
    let text = ''
    // Read to its end: the server fails if its output is not read.
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const [, address, port] = /^Serving HTTP on (\S+) port (\d+) /.exec(text) ?? []
      if (address !== undefined) resolve({ address, port: Number(port) })
    })
    child.once('close', () => reject(new Error(`Python's server ended: ${text}`)))
  })
}

function toBytes({ ask, headers = [], body }: Case): string {
  const isChunked = headers.some((field) => field.startsWith('Transfer-Encoding'))
  const length = body === undefined || isChunked ? [] : [`Content-Length: ${body.length}`]
  const fields = ['Host: localhost', 'Connection: close', ...headers, ...length]
  return `${ask} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body ?? ''}`
}

void t.test(
  'a folder that worked with Python’s server works, but for what is listed',
  {
    ...OLD_PYTHON,
    timeout: 300_000,
  },
  async (t) => {
    process.env[OF_THE_HOST] = 'yes'
    t.after(() => delete process.env[OF_THE_HOST])
    const site = createPythonSite(t)
    const { port: python } = await servePython(t, site, '--bind', '127.0.0.1')
    const { port: here } = await serve(t, site)
    const faults: string[] = []
    for (const each of CASES) {
      const read = each.read ?? toVisible
      const bytes = toBytes(each)
      const theirs = read(readAnswer(await exchange(python, bytes)), site)
      const ours = read(readAnswer(await exchange(here, bytes)), site)
      faults.push(...judge(each, theirs, ours).map((fault) => `${each.ask}: ${fault}`))
    }
    assert.deepEqual(faults, [])
  },
)

void t.test('docs/from-python.md lists what differs, and nothing else', async () => {
  const page = readFileSync(new URL('../../../docs/from-python.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (?!what |---)(.+?) \|.+\|.+\|.+\|$/gm)].map(
    ([, what = '']) => what,
  )
  const shown = CASES.flatMap(({ differences = [] }) => differences.map(({ row }) => row))
  // Only root sees this difference.
  const known = new Set([...OF_THE_START, ...shown, 'The user that scripts run as'])
  assert.deepEqual(rows.toSorted(), [...known].toSorted())
})

void t.test(
  'its command line is taken, and what is no more is explained',
  OLD_PYTHON,
  async (t) => {
    const site = createPythonSite(t)
    const command = new Command(t, ['--cgi', '--bind', '127.0.0.1', '--directory', site, '0'])
    const line = await command.outputs(/^ {2}Address/)
    const port = Number(/:(\d+)\/$/.exec(line)?.[1])
    const answer = readAnswer(await exchange(port, toBytes({ ask: 'GET /cgi-bin/hello.py' })))
    assert.equal(answer.body, 'Hello from Python\n')

    for (const args of [
      ['-p', 'HTTP/1.1'],
      ['--protocol', 'HTTP/1.1'],
    ]) {
      const { code, errors } = await new Command(t, [site, ...args]).ended
      assert.equal(code, 2)
      assert.match(errors, /^common-gateway: .*HTTP\/1\.1 is always spoken/)
    }
  },
)

void t.test(
  'Python’s server listens on all addresses, and on no other port',
  OLD_PYTHON,
  async (t) => {
    const site = createPythonSite(t)
    const { address } = await servePython(t, site)
    assert.match(address, /^(?:0\.0\.0\.0|::)$/)
    const { url } = await serve(t, site)
    assert.match(url, /^http:\/\/127\.0\.0\.1:/)

    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    // A server that listens on a port has an address of this kind.
    const port = String((other.address() as AddressInfo).port)
    const args = ['-m', 'http.server', '--cgi', port, '--bind', '127.0.0.1']
    const { status, stderr } = spawnSync('python3', args, { encoding: 'utf8', cwd: site })
    assert.equal(status, 1)
    assert.match(stderr, /^Traceback.*Address already in use/s)
    const { errors } = await new Command(t, [site, port]).ended
    assert.match(errors, /^common-gateway: .+ already in use; \d+ is free \(--port \d+\)\n$/)
  },
)
