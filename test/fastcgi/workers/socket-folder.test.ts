import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { CgiError, openListeningSocket } from '@common-gateway/core/transport'
import { isOwnerRunning, nameOwner } from '@internal/fastcgi/workers/folder-owner.js'
import { SocketFolder } from '@internal/fastcgi/workers/socket-folder.js'
import t, { type Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { until } from '../../support/processes.js'
import { createPool } from './pools.js'

const PREFIX = 'common-gateway-workers-'
/** A process that has ended, whose pid this one has now. */
const ENDED = `${process.pid}.1`

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

/** A folder of sockets as a process makes it. */
function makeFolder(parent: string, owner: string, characters: string): string {
  const folder = path.join(parent, `${PREFIX}${owner}-${characters}`)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

void t.test(
  'UP-8 what a process left that SIGKILL ended is removed, and nothing else',
  async (t) => {
    const parent = createTemporaryFolder(t)
    setTemporaryFolder(t, parent)
    const abandoned = makeFolder(parent, ENDED, 'aaaaaa')
    // A file of which libuv does not know, so that it stays when the socket is closed.
    const socket = await openListeningSocket(path.join(abandoned, '1.socket'))
    socket.close()
    const empty = makeFolder(parent, ENDED, 'bbbbbb')
    const used = makeFolder(parent, ENDED, 'cccccc')
    const server = createServer((client) => client.destroy()).listen(path.join(used, '1.socket'))
    t.after(() => server.close())
    await once(server, 'listening')
    // The workers of a pool of this process have ended, since they were idle.
    const idle = makeFolder(parent, nameOwner(), 'dddddd')
    const idleSocket = await openListeningSocket(path.join(idle, '1.socket'))
    idleSocket.close()
    const withFile = makeFolder(parent, ENDED, 'eeeeee')
    writeFileSync(path.join(withFile, 'file'), '')
    const withoutOwner = path.join(parent, `${PREFIX}ffffff`)
    mkdirSync(withoutOwner)
    const folder = createFolder(t)
    const opened = await folder.open('1.socket')
    opened.close()
    const own = path.dirname(opened.path)
    await until(() => !existsSync(abandoned) && !existsSync(empty), 'they are removed')
    assert.deepEqual(
      readdirSync(parent).toSorted(),
      [idle, used, withFile, withoutOwner, own].map((each) => path.basename(each)).toSorted(),
    )
    assert.deepEqual(readdirSync(idle), ['1.socket'])
  },
)

void t.test('UP-8 a process is known by its pid and its start', async () => {
  assert.equal(isOwnerRunning(nameOwner()), true)
  assert.equal(isOwnerRunning(ENDED), false)
  assert.equal(isOwnerRunning(String(process.pid)), true)
  const { pid } = spawnSync('/bin/true')
  assert.equal(isOwnerRunning(String(pid)), false)
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
