import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { isRunning, until } from '../../support/processes.js'
import { hasOnlyZombies } from '@internal/core/process/zombies.js'
import { createTemporaryFolder, writeProgram } from '../temporary-folder.js'

const onLinux = { skip: process.platform !== 'linux' && 'needs Linux', timeout: 20_000 }

/** Runs lines that become a program which never waits for its children; resolves with what they print. */
async function leave(t: Test, lines: string): Promise<{ pid: number; printed: number }> {
  const child = spawn('/bin/sh', ['-c', `${lines}; exec sleep 1000`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { pid: child.pid ?? 0, printed: Number(line) }
}

void t.test('LIFE-6 a process group that holds only zombies is known', onLinux, async (t) => {
  const odd = writeProgram(createTemporaryFolder(t), 'a ) Z (b', '#!/bin/sh\n')
  // setsid(1) becomes its program, as the leader of a group of its own.
  const { printed } = await leave(t, `setsid "${odd}" & echo $!`)
  await until(() => hasOnlyZombies(printed), 'there is a zombie in it')
  process.kill(-printed, 0)
})

void t.test(
  'LIFE-6 a process group with a zombie and another process is not one of zombies',
  onLinux,
  async (t) => {
    const { pid, printed } = await leave(t, 'true & echo $!')
    await until(() => !isRunning(printed), 'there is a zombie')
    const other = await leave(t, 'setsid true & echo $!')
    // It has been looked at since.
    await until(() => hasOnlyZombies(other.printed), 'there is another zombie')
    assert.equal(hasOnlyZombies(pid), false)
  },
)

void t.test('LIFE-6 a process group that is not there is not one of zombies', onLinux, async () => {
  // Larger than any: PID_MAX_LIMIT of Linux is 2 ** 22.
  assert.equal(hasOnlyZombies(2 ** 23), false)
})
