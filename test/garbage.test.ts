import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { CGI_BIN } from './support/fixtures.js'

/** A program of its own: tap's hooks keep a record of each promise. */
const MEASURE = `
import { createServer, request } from 'node:http'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { getHeapSpaceStatistics } from 'node:v8'
import cgi from ${JSON.stringify(import.meta.resolve('@common-gateway/express'))}

class MemoryOutput {
  #rest
  #reader
  constructor(bytes) {
    this.#rest = bytes
  }
  readBy(reader) {
    this.#reader = reader
  }
  pause() {}
  resume() {
    const rest = this.#rest
    this.#rest = undefined
    if (rest === undefined) setImmediate(() => this.#reader?.end())
    else this.#reader?.data(rest)
  }
  destroy() {
    this.#reader = undefined
  }
}
const ANSWER = Buffer.from('Content-Type: text/plain\\n\\nhello\\n')
// Processes that have ended before they are read.
const spawner = {
  spawn: async () => ({
    pid: 2 ** 22 + 1,
    stdin: null,
    stdout: new MemoryOutput(ANSWER),
    stderr: new MemoryOutput(),
    exit: Promise.resolve({ exitCode: 0, signal: null }),
    signalGroup: () => false,
  }),
}
const gateway = cgi({ root: ${JSON.stringify(CGI_BIN)}, spawner })
const constant = (request, response) => setImmediate(() => response.end('hello'))
const ROUNDS = 2_000

// What a minor collection leaves.
function oldSize() {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space' || name === 'map_space')
    .reduce((sum, { space_used_size: size }) => sum + size, 0)
}

async function measure(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  const ask = () =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/cgi-bin/say.cgi' }, (response) => {
        if (response.statusCode !== 200) reject(new Error(String(response.statusCode)))
        response.resume().once('end', resolve)
      }).end()
    })
  // Until V8 has compiled what is used.
  for (let round = 0; round < ROUNDS; round += 1) await ask()
  let growth = 0
  let before = oldSize()
  for (let round = 0; round < ROUNDS; round += 1) {
    await ask()
    const size = oldSize()
    // A full collection makes it less.
    growth += Math.max(0, size - before)
    before = size
  }
  return growth / ROUNDS
}

const bare = await measure(constant)
const serve = (request, response) => gateway(request, response, () => response.writeHead(404).end())
const ours = await measure(serve)
// The command subscribes, as does an application that counts its runs.
for (const name of ['start', 'end']) subscribe('common-gateway:run:' + name, () => {})
const observed = await measure(serve)
console.log(JSON.stringify({ bare, ours, observed }))
process.exit()
`

// Only a full collection frees old objects, and it stops the application for longer the larger its heap is.
void t.test('the objects of a request are freed by a minor collection', async () => {
  const args = ['--input-type=module', '-e', MEASURE]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { bare, ours, observed } = JSON.parse(stdout) as Record<string, number>
  const text = `bytes of a request that become old: ${stdout}`
  for (const size of [ours, observed]) assert.ok(Number(size) < Number(bare) + 1_000, text)
})
