import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { parseArguments } from './arguments.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

for (const adapter of ['fastify', 'express']) {
  void t.test(
    `LIFE-1 a thousand requests of all kinds leave nothing behind (${adapter})`,
    async (t) => {
      const { status, stdout, stderr } = run('--requests', '1000', '--adapter', adapter)
      t.comment(stdout.split('\n').at(-2) ?? '')
      assert.equal(status, 0, stdout + stderr)
    },
  )
}

void t.test(
  'the soak command sends the kind of request asked for, with the seed given',
  async () => {
    const args = ['--requests', '20', '--seed', '7', '--kind', 'a route of', '--adapter', 'express']
    const { status, stdout } = run(...args)
    assert.equal(status, 0, stdout)
    assert.match(stdout, /^express: 20 requests, seed 7\n/)
    assert.match(stdout, /^a route of the application +20 {2}200: 20$/m)
    assert.match(stdout, /\nexpress: 20 requests, 0 scripts, \d+ applications, 0 faults\n$/)
  },
)

void t.test('the soak command fails where something is not as it should be', async () => {
  const args = ['--requests', '20', '--kind', 'a body that is counted', '--adapter', 'express']
  const { status, stdout } = run(...args, '--option', 'bodyLimit=10')
  assert.equal(status, 1, stdout)
  assert.match(stdout, /^FAULT a body that is counted \(soak\d+-\d+\.\): came to 413$/m)
})

void t.test('the soak command says what it takes', async () => {
  const { status, stdout } = run('--help')
  assert.equal(status, 0)
  for (const option of ['--requests', '--seed', '--adapter', '--kind', '--option']) {
    assert.ok(stdout.includes(option), option)
  }
})

void t.test('the soak command hands options on as they are meant', async () => {
  const args = ['--option', 'spawner=child_process', '--option', 'maxProcesses=5']
  const call = parseArguments([...args, '--option', 'index=["a=b"]'])
  assert.ok(call.type === 'run')
  assert.deepEqual(call.options, { spawner: 'child_process', maxProcesses: 5, index: ['a=b'] })
})

for (const args of [
  ['--requests', '0'],
  ['--seed', '-1'],
  ['--adapter', 'koa'],
  ['--option', 'spawner'],
  ['--option', '=1'],
  ['--speed', '1'],
  ['more'],
]) {
  void t.test(`the soak command refuses ${args.join(' ')}`, async () => {
    assert.throws(() => parseArguments(args), Error)
  })
}

void t.test('the soak command refuses a kind that there is not', async () => {
  assert.equal(run('--kind', 'no such kind').status, 2)
})
