import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { CgiError, openListeningSocket } from '@common-gateway/core/transport'
import { SocketFolder } from '@internal/fastcgi/workers/socket-folder.js'
import t, { type Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { until } from '../../support/processes.js'
import { createPool } from './pools.js'

const PREFIX = 'common-gateway-workers-'

/** Has programs use another folder for temporary files. */
function setTemporaryFolder(t: Test, folder: string): void {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
}

function createFolder(t: Test): SocketFolder {
  const folder = new SocketFolder()
  t.after(() => folder.remove())
  return folder
}

/** A folder of sockets that another process has made some time ago. */
function makeOld(parent: string, name: string): string {
  const folder = path.join(parent, PREFIX + name)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

function setAge(folder: string): void {
  const time = new Date(Date.now() - 120_000)
  utimesSync(folder, time, time)
}

void t.test('UP-8 what a process left that SIGKILL ended is removed', async (t) => {
  const parent = createTemporaryFolder(t)
  setTemporaryFolder(t, parent)
  const abandoned = makeOld(parent, 'abandoned')
  // A file of which libuv does not know, so that it stays when the socket is closed.
  const socket = await openListeningSocket(path.join(abandoned, '1.socket'))
  socket.close()
  const used = makeOld(parent, 'used')
  const server = createServer((client) => client.destroy()).listen(path.join(used, '1.socket'))
  t.after(() => server.close())
  await once(server, 'listening')
  const young = makeOld(parent, 'young')
  const foreign = makeOld(parent, 'foreign')
  writeFileSync(path.join(foreign, 'file'), '')
  for (const folder of [abandoned, used, foreign]) setAge(folder)
  const folder = createFolder(t)
  const opened = await folder.open('1.socket')
  opened.close()
  await until(() => !existsSync(abandoned), 'the abandoned folder is removed')
  assert.deepEqual(
    readdirSync(parent).toSorted(),
    [foreign, used, young, path.dirname(opened.path)].map((each) => path.basename(each)).toSorted(),
  )
})

void t.test('UP-8 a path of a socket fits where TMPDIR is long', async (t) => {
  const parent = path.join(createTemporaryFolder(t), 'x'.repeat(100))
  mkdirSync(parent)
  setTemporaryFolder(t, parent)
  const opened = await createFolder(t).open('64.socket')
  opened.close()
  assert.equal(path.dirname(path.dirname(opened.path)), '/tmp')
})

void t.test('UP-8 a socket takes the place of an older one', async (t) => {
  const folder = createFolder(t)
  const first = await folder.open('1.socket')
  const second = await folder.open('1.socket')
  assert.equal(first.path, second.path)
  first.close()
  assert.deepEqual(readdirSync(path.dirname(second.path)), ['1.socket'])
  second.close()
  folder.remove()
  assert.equal(existsSync(path.dirname(second.path)), false)
})

void t.test(
  'UP-8 a worker whose socket cannot be opened is an error, and is not tried again at once',
  async (t) => {
    setTemporaryFolder(t, '/nonexistent')
    const { worker } = createPool(t)
    await assert.rejects(worker.ready(), (error: unknown) => {
      assert.ok(error instanceof CgiError)
      assert.equal(error.code, 'CGI_ERR_SPAWN')
      assert.match(error.reason ?? '', /^the socket of .+ cannot be opened: ENOENT/)
      return true
    })
  },
)
