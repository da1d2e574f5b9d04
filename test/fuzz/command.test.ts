import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { parseArguments } from './arguments.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

void t.test(
  'the fuzz command runs the properties asked for, with the seed and number given',
  async () => {
    const { status, stdout } = run(
      '--seed',
      '7',
      '--runs',
      '20',
      '--property',
      'header is what a plain reader',
    )
    assert.equal(status, 0)
    assert.match(stdout, /^holds 20 inputs .* HDR-1 a header is what a plain reader makes of it\n/)
    assert.match(stdout, /seed 7: 20 inputs, 0 of 1 properties fail\n$/)
  },
)

void t.test('the fuzz command says what it takes', async () => {
  const { status, stdout } = run('--help')
  assert.equal(status, 0)
  for (const option of ['--seed', '--runs', '--property', '--path']) {
    assert.ok(stdout.includes(option), option)
  }
})

void t.test('the fuzz command refuses what it cannot do', async () => {
  const { status, stderr } = run('--runs', 'many')
  assert.equal(status, 2)
  assert.match(stderr, /^--runs must be a whole number from 1 to \d+, but got 'many'\n/)
  assert.equal(run('--property', 'no such property').status, 2)
})

for (const args of [
  ['--runs', '0'],
  ['--runs', '1e3'],
  ['--seed', '-1'],
  ['--seed', '99999999999'],
  ['--seed'],
  ['--speed', '1'],
  ['more'],
  ['--path', '1:2'],
  ['--path', 'a', '--seed', '1', '--property', 'x'],
]) {
  void t.test(`the fuzz command refuses ${args.join(' ')}`, async () => {
    assert.throws(() => parseArguments(args), Error)
  })
}
