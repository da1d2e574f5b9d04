import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { ownChunk } from '@internal/core/data/chunk-memory.js'
import { loadCLibrary } from '@internal/core/process/posix/c-library.js'
import { InputPipe } from '@internal/core/process/posix/input-pipe.js'
import { PosixSpawner } from '@internal/core/process/posix/posix-spawner.js'
import { toReadable } from '../../output-streams.js'

const SIZE = 100_000
const spawner = new PosixSpawner(loadCLibrary())

for (const isCorked of [false, true]) {
  void t.test(
    `BODY-1 chunks that nothing keeps are written, then freed, ${isCorked ? 'all at once' : 'one by one'}`,
    async () => {
      const { stdin, stdout, exit } = await spawner.spawn({
        command: ['/usr/bin/wc', '-c'],
        cwd: '/',
        environment: {},
        stdin: 'pipe',
      })
      assert.ok(stdin instanceof InputPipe)
      const owned = Array.from({ length: 3 }, () => Buffer.alloc(SIZE, 'x'))
      const kept = Buffer.alloc(SIZE, 'y')
      for (const chunk of owned) ownChunk(chunk)
      if (isCorked) stdin.cork()
      for (const chunk of [...owned, kept]) stdin.write(chunk)
      if (isCorked) stdin.uncork()
      stdin.end()
      await once(stdin, 'finish')
      assert.equal(Number(await text(toReadable(stdout))), 4 * SIZE)
      await exit
      assert.deepEqual(
        owned.map(({ length }) => length),
        [0, 0, 0],
      )
      assert.equal(kept.length, SIZE)
    },
  )
}
