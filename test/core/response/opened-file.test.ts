import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { openFile } from '@common-gateway/core/steps'
import { descriptorsOf, until } from '../../support/processes.js'
import { createTemporaryFolder } from '../temporary-folder.js'

const root = createTemporaryFolder(t)
const GET = { method: 'GET', headers: {} }

const at = (name: string): string => path.join(root, name)
const openDescriptors = (): string[] =>
  descriptorsOf(process.pid).filter((each) => each.startsWith(root))

writeFileSync(at('a.txt'), '0123456789')
writeFileSync(at('empty'), '')
mkdirSync(at('folder'))

void t.test('RES-7 only a regular file is opened, by its own name', async (t) => {
  symlinkSync('a.txt', at('link'))
  symlinkSync('loop-b', at('loop-a'))
  symlinkSync('loop-a', at('loop-b'))
  const server = createServer().listen(at('socket'))
  t.after(() => server.close())
  await once(server, 'listening')
  const names = ['folder', 'link', 'loop-a', 'loop-a/x', 'socket', 'missing', 'a.txt/x']
  names.push('x'.repeat(300), '/dev/zero', '/dev/null', '/dev/tty')
  for (const method of ['GET', 'HEAD', 'POST']) {
    for (const name of names) {
      assert.equal(await openFile(path.resolve(root, name), { ...GET, method }), null, name)
    }
  }
})

void t.test('RES-7 a FIFO is not opened, and its writer is left alone', async (t) => {
  execFileSync('mkfifo', [at('fifo')])
  const writer = spawn('sh', ['-c', 'echo ready; echo x > fifo'], { cwd: root })
  t.after(() => writer.kill('SIGKILL'))
  await once(writer.stdout, 'data')
  for (let count = 0; count < 10; count += 1) assert.equal(await openFile(at('fifo'), GET), null)
  assert.equal(readFileSync(at('fifo'), 'latin1'), 'x\n')
})

void t.test('RES-7 the length of a file is that of its content', async () => {
  for (const [range, status, content] of [
    [undefined, 200, '0123456789'],
    ['bytes=2-4', 206, '234'],
    ['bytes=9-', 206, '9'],
    ['bytes=0-0', 206, '0'],
    ['Bytes=-3', 206, '789'],
    [' bytes= 1-2 ', 206, '12'],
    ['bytes=1-2-3', 200, '0123456789'],
    ['bytes=4-2', 200, '0123456789'],
    ['bytes=', 200, '0123456789'],
    ['bytes=-', 200, '0123456789'],
    ['bytes=1', 200, '0123456789'],
    ['bytes=+1-2', 200, '0123456789'],
    ['bytes=0-1,3-4', 200, '0123456789'],
    ['bytes=0-1;3-4', 200, '0123456789'],
  ] as const) {
    const headers = range === undefined ? {} : { range }
    const opened = await openFile(at('a.txt'), { method: 'GET', headers })
    assert.equal(opened?.status, status, range)
    assert.equal(opened.contentLength, content.length, range)
    assert.equal(await text(opened.content ?? Readable.from([])), content, range)
  }
  const empty = await openFile(at('empty'), GET)
  assert.deepEqual([empty?.status, empty?.contentLength, empty?.content], [200, 0, null])
  await until(() => openDescriptors().length === 0, 'all are closed')
})

void t.test(
  'RES-7 no more than that is read of a file that has grown, and less is an error',
  async () => {
    const file = at('grows')
    writeFileSync(file, 'x'.repeat(200_000))
    const grown = await openFile(file, GET)
    writeFileSync(file, 'y', { flag: 'a' })
    assert.equal((await text(grown?.content ?? Readable.from([]))).length, 200_000)
    for (const length of [0, 1, 199_999]) {
      writeFileSync(file, 'x'.repeat(200_000))
      const opened = await openFile(file, GET)
      truncateSync(file, length)
      await assert.rejects(
        text(opened?.content ?? Readable.from([])),
        /^Error: the file became shorter$/,
      )
    }
    await until(() => openDescriptors().length === 0, 'all are closed')
  },
)

void t.test('RES-7 no file stays open without content, or without a reader', async () => {
  const etag = (await openFile(at('a.txt'), { ...GET, method: 'HEAD' }))?.headers.find(
    ([name]) => name === 'ETag',
  )?.[1]
  for (const [headers, status] of [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-match': '"x"' }, 412],
    [{ range: 'bytes=10-' }, 416],
  ] as const) {
    const opened = await openFile(at('a.txt'), { method: 'GET', headers })
    assert.equal(opened?.status, status)
  }
  const unread: Readable | null | undefined = (await openFile(at('a.txt'), GET))?.content
  assert.equal(openDescriptors().length, 1)
  unread?.destroy()
  await until(() => openDescriptors().length === 0, 'all are closed')
})
