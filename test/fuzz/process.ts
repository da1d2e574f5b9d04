import fc from 'fast-check'
import assert from 'node:assert/strict'
import { toReadable } from '../core/output-streams.js'
import { processLogger } from '@internal/core/data/logger.js'
import { chooseSpawner } from '@internal/core/process/spawner-choice.js'
import { createWorldProperty, type Property } from './property.js'
import { byteString } from './text.js'

/** What can be in an environment or a command: any bytes but NUL. */
const word = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '-n',
      '--',
      '\n',
      'ends in newlines\n\n',
      '\\0101\\c\\x41',
      '%s%d%%',
      '$(id)`id`$PATH',
      '"\'',
      '*',
      't',
      'b\\0101',
      'caf\xe9',
      'caf\xc3\xa9',
      '\xff',
      '\xef\xbb\xbfa',
      'a'.repeat(5_000),
    ),
  },
  { weight: 2, arbitrary: byteString(20).map((bytes) => bytes.replaceAll('\0', '')) },
)
const name = fc.constantFrom(
  'QUERY_STRING',
  'HTTP_X_A',
  'HTTP___PROTO__',
  'PATH',
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'A',
  'a',
)

type Spawner = ReturnType<typeof chooseSpawner>

/** What a process prints. */
async function run(
  spawner: Spawner,
  command: readonly [string, ...string[]],
  environment: Record<string, string>,
) {
  const { stdout, stderr, exit } = await spawner.spawn({
    command,
    cwd: '/',
    environment,
    stdin: 'null',
  })
  toReadable(stderr).resume()
  const chunks: Buffer[] = []
  // Without an encoding set, a stream gives Buffers.
  for await (const chunk of toReadable(stdout)) chunks.push(chunk as Buffer)
  assert.deepEqual(await exit, { exitCode: 0, signal: null })
  return Buffer.concat(chunks).toString('latin1')
}

export const processProperties: readonly Property[] = (
  ['posix_spawn', 'child_process'] as const
).flatMap((choice) => [
  createWorldProperty({
    name: `ENV-7 a process has its variables byte for byte, and no other (${choice})`,
    cost: 100,
    input: fc.dictionary(name, word, { noNullPrototype: true }),
    open: () => Promise.resolve(chooseSpawner(choice, processLogger)),
    async holds(variables, spawner) {
      const printed = await run(spawner, ['/usr/bin/env', '-0'], variables)
      const seen = printed.split('\0').slice(0, -1)
      const given = Object.entries(variables).map((variable) => variable.join('='))
      assert.deepEqual(seen.toSorted(), given.toSorted())
    },
    close: () => Promise.resolve(),
  }),
  createWorldProperty({
    name: `ENV-5 a process has its arguments byte for byte (${choice})`,
    cost: 100,
    input: fc.tuple(fc.array(word, { minLength: 1, maxLength: 4 }), word),
    open: () => Promise.resolve(chooseSpawner(choice, processLogger)),
    async holds([words, value], spawner) {
      const command = ['/usr/bin/printf', '%s\\0', ...words] as const
      const printed = await run(spawner, command, { QUERY_STRING: value })
      assert.deepEqual(printed.split('\0').slice(0, -1), words)
    },
    close: () => Promise.resolve(),
  }),
])
