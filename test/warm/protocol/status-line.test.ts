import assert from 'node:assert/strict'
import t from 'tap'
import { encodeRequest } from '@internal/warm/protocol/request-message.js'
import { parseStatusLine, StatusLines } from '@internal/warm/protocol/status-line.js'

void t.test('WARM-2 reads the lines of a fork server', async () => {
  for (const [text, line] of [
    ['ready', { type: 'ready' }],
    ['loading', { type: 'loading' }],
    ['learnt', { type: 'learnt' }],
    ['started 7 4711', { type: 'started', id: 7, pid: 4711 }],
    ['refused 8 fork: no memory', { type: 'refused', id: 8, reason: 'fork: no memory' }],
    ['stale 9 file changed: /a b.py', { type: 'stale', id: 9, reason: 'file changed: /a b.py' }],
    [
      'exited 7 4711 768 1000 2000',
      { type: 'exited', id: 7, pid: 4711, exit: { exitCode: 3, signal: null } },
    ],
    [
      'exited 7 4711 9',
      { type: 'exited', id: 7, pid: 4711, exit: { exitCode: null, signal: 'SIGKILL' } },
    ],
    ['plain it reads QUERY_STRING', { type: 'plain', reason: 'it reads QUERY_STRING' }],
    ['young /a.py', { type: 'young', reason: '/a.py' }],
    ['note module numpy: opens a file', { type: 'note', text: 'module numpy: opens a file' }],
  ] as const) {
    assert.deepEqual(parseStatusLine(text), line, text)
  }
})

void t.test('WARM-6 takes no line that is none of the protocol', async () => {
  const wrong = [
    '',
    'ready 1',
    'loading 1',
    'learnt 1',
    'started',
    'started 1',
    'started 1 0',
    'started 1 1',
    'started 1 -5',
  ]
  wrong.push('started x 5', 'exited 1 5', 'exited 1 5 x', 'refused', 'unknown 1 2', 'Started 1 5')
  for (const text of wrong) assert.equal(parseStatusLine(text), undefined, text)
})

void t.test('WARM-2 joins the parts of a line, up to 4096 bytes', async () => {
  const lines = new StatusLines()
  assert.deepEqual(lines.read(Buffer.from('started 1 5\nexi')), ['started 1 5'])
  assert.deepEqual(lines.read(Buffer.from('ted 1 5 0\n')), ['exited 1 5 0'])
  assert.deepEqual(lines.read(Buffer.from('x'.repeat(4096))), [])
  assert.equal(lines.isBroken, false)
  lines.read(Buffer.from('x'))
  assert.equal(lines.isBroken, true)
})

void t.test('WARM-2 writes a request with NUL between its fields', async () => {
  const environment = { A: '1', B: '\xe9' }
  const request = { id: 3, cwd: '/srv/é', argv: ['/a.py', 'x'], environment }
  assert.equal(
    encodeRequest({ ...request, stdin: 'pipe' }),
    '3 pipe\0/srv/\xc3\xa9\x002\0/a.py\0x\0A=1\0B=\xe9',
  )
  assert.match(encodeRequest({ ...request, stdin: 12 }), /^3 file\0/)
  assert.match(encodeRequest({ ...request, stdin: 'null' }), /^3 null\0/)
})
