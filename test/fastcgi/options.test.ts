import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { CgiError } from '@common-gateway/core/transport'
import { fastcgi, type FastcgiOptions, scgi } from '@common-gateway/fastcgi'
import { toOptions } from '@internal/fastcgi/short-form.js'
import { createTemporaryFolder } from '../core/temporary-folder.js'

const ADDRESS = '127.0.0.1:9000'

/** The message of the refusal. An application in JavaScript may give values that the types would not let pass. */
function refusal(options: unknown, create: (options: never) => unknown = fastcgi): string {
  try {
    create(options as never)
  } catch (error) {
    assert.ok(error instanceof CgiError)
    assert.equal(error.code, 'CGI_ERR_INVALID_OPTION')
    return error.message
  }
  return 'accepted'
}

type Wrong = Partial<Record<keyof FastcgiOptions, readonly unknown[]>>

const NUMBERS = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7', true, null]
const TEXTS = ['', 'a\0b', 7, null, {}]

/** Values that each option refuses. */
const OF_ADDRESSES: Wrong = {
  address: [...TEXTS, [], ['localhost'], [7], 'localhost', 'localhost:0', 'localhost:65536'],
  maxConnections: [...NUMBERS, 0],
  keepAlive: [-1, 1.5, 'yes', null],
  connectTimeout: [...NUMBERS, 2 ** 31],
  root: [...TEXTS, 'srv/www', './www'],
  split: [...TEXTS, [], 'php', '.', '.a.php', '.p/hp', ['.php', 7]],
  retry: ['', 'always', true, null],
}
const OF_WORKERS: Wrong = {
  spawn: [...TEXTS, [], [''], ['sh', 7], 'no-such-program', '/no/such/program'],
  processes: [...NUMBERS, 0],
  maxRequests: NUMBERS,
  idleTimeout: NUMBERS,
  env: [[], 'A=b', { 'A=': 'b' }, { A: 7 }, { A: 'a\0b' }, null],
  inheritEnv: ['PATH', [7], ['A='], null],
  cwd: [...TEXTS, 'srv'],
  user: [true, ''],
  nice: [1.5, 'low', 99],
  memoryLimit: [-1, 'much'],
}

void t.test('OPT-1 a value of the wrong kind is refused by the name of its option', async () => {
  const tables = [
    [OF_ADDRESSES, { address: ADDRESS, root: '/srv' }],
    [OF_WORKERS, { spawn: 'sh' }],
  ] as const
  for (const [table, others] of tables) {
    for (const [name, values] of Object.entries(table)) {
      for (const value of values) {
        const message = refusal({ ...others, [name]: value })
        assert.ok(message.includes(`\`${name}\``), `${name}: ${String(value)}: ${message}`)
      }
    }
  }
})

void t.test('OPT-1 values at the border are accepted', async () => {
  const options: FastcgiOptions = {
    address: [ADDRESS, '[::1]:1', '/run/php.sock', 'unix:/run/php.sock', 'php:65535'],
    maxConnections: 1,
    keepAlive: 0,
    connectTimeout: 0,
    root: '/',
    split: ['.php', '.php5'],
    retry: 'safe',
  }
  assert.equal(refusal(options), 'accepted')
  const workers = { spawn: ['sh', '-c'], processes: 1, maxRequests: 0, idleTimeout: 0, cwd: '/' }
  assert.equal(refusal({ ...workers, env: { A: '' }, inheritEnv: [], nice: 5 }), 'accepted')
  assert.equal(refusal({ address: ADDRESS, keepAlive: undefined, spawn: undefined }), 'accepted')
})

void t.test('OPT-1 options that have no meaning together are refused', async () => {
  const pairs: readonly (readonly [object, string])[] = [
    [{}, 'address'],
    [{ root: '/srv' }, 'address'],
    [{ address: ADDRESS, spawn: 'sh' }, 'spawn'],
    [{ address: ADDRESS, processes: 2 }, 'processes'],
    [{ address: ADDRESS, env: {} }, 'env'],
    [{ address: ADDRESS, user: 'nobody' }, 'user'],
    [{ address: ADDRESS, memoryLimit: 1 << 30 }, 'memoryLimit'],
    [{ spawn: 'sh', maxConnections: 4 }, 'maxConnections'],
    [{ address: ADDRESS, split: '.php' }, 'root'],
  ]
  for (const [options, name] of pairs) {
    const message = refusal(options)
    assert.ok(message.includes(`\`${name}\``), `${JSON.stringify(options)}: ${message}`)
  }
  assert.match(refusal({ address: ADDRESS, keepAlive: true }, scgi), /`keepAlive`/)
})

void t.test('OPT-2 an unknown option is refused, with the known ones', async () => {
  assert.match(refusal({ adress: ADDRESS }), /`adress`.*address, spawn/)
  for (const value of [undefined, null, 7, true]) assert.match(refusal(value), /`options`/)
})

void t.test('OPT-1 text stands for an address or a program', async () => {
  assert.deepEqual(toOptions(ADDRESS), { address: ADDRESS })
  assert.deepEqual(toOptions([ADDRESS, '/no/such.sock']), { address: [ADDRESS, '/no/such.sock'] })
  assert.deepEqual(toOptions('/no/such.sock'), { address: '/no/such.sock' })
  assert.deepEqual(toOptions('/bin/sh'), { spawn: '/bin/sh' })
  assert.deepEqual(toOptions('php-cgi'), { spawn: 'php-cgi' })
  assert.deepEqual(toOptions(['php-cgi', '-d', 'a=b']), { spawn: ['php-cgi', '-d', 'a=b'] })
  assert.equal(refusal([]), refusal({ spawn: [] }))
})

void t.test('OPT-1 a path is a program, or the socket that it names', async (t) => {
  const folder = createTemporaryFolder(t)
  const socket = path.join(folder, 'listens')
  const server = createServer().listen(socket)
  await once(server, 'listening')
  t.after(() => server.close())
  for (const address of [socket, 'unix:/no/such', '/no/such.socket', './later.sock']) {
    assert.deepEqual(toOptions(address), { address })
  }
  writeFileSync(path.join(folder, 'file'), '')
  for (const name of ['/usr/bin/nothing', folder, path.join(folder, 'file'), './php-cgi']) {
    const message = refusal(name)
    assert.match(message, /a program that can be run, or of a socket/)
    assert.ok(message.endsWith(`got '${name}' (string)`), message)
    assert.equal(refusal([name, '-b']), message)
  }
})

void t.test(
  'OPT-3 the README of the package lists every option once, with its default',
  async () => {
    const folder = new URL('../../../packages/fastcgi/', import.meta.url)
    const readme = readFileSync(new URL('README.md', folder), 'utf8')
    const source = readFileSync(new URL('src/options.ts', folder), 'utf8')
    const documented = [...source.matchAll(/\* \*\*(\w+)\*\* ([^]*?)\*\//g)]
    assert.ok(documented.length > 12)
    for (const [, name = '', text = ''] of documented) {
      const rows = [...readme.matchAll(new RegExp(`^\\| \`${name}\` \\| (.*?) \\|`, 'gm'))]
      assert.equal(rows.length, 1, name)
      const [, value] = /Default:\s+(?:\*\s+)?`([^`]*)`/.exec(text) ?? []
      const shown = rows[0]?.[1] ?? ''
      if (value !== undefined) assert.ok(shown.includes(`\`${value}\``), `${name}: ${shown}`)
    }
  },
)
