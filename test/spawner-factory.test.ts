import type {
  ScriptProcess,
  Spawner,
  SpawnerContext,
  SpawnerFactory,
  SpawnOptions,
} from '@common-gateway/core/transport'
import { type CgiOptions, type CgiRun, CgiError, createCgiHandler } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import { needsRoot } from './apps/programs.js'
import { createTemporaryFolder, writeProgram } from './core/temporary-folder.js'
import { express5, type RunningGateway } from './support/adapters.js'
import { send } from './support/client.js'

const root = createTemporaryFolder(t)
const LIMITS = 'nice; ulimit -t; ulimit -n'
writeProgram(root, 'a.cgi', `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n${LIMITS}\n`)

const STATS = { servers: 1, runs: 2, refused: 3, plain: { why: 4 }, scripts: [] }

/** Starts scripts by the gateway's own spawner, or by the one for processes that stay. */
class RelayFactory implements SpawnerFactory {
  readonly contexts: SpawnerContext[] = []
  readonly #facts: object
  readonly #way: 'plain' | 'lasting'
  closed = 0

  constructor(facts: object = {}, way: 'plain' | 'lasting' = 'plain') {
    this.#facts = facts
    this.#way = way
  }

  createSpawner(context: SpawnerContext): Spawner {
    this.contexts.push(context)
    const spawn = async (options: SpawnOptions): Promise<ScriptProcess> => ({
      ...(await context[this.#way].spawn(options)),
      ...this.#facts,
    })
    const close = async (): Promise<void> => void (this.closed += 1)
    return { spawn, close, stats: () => STATS }
  }
}

async function start(t: Test, options: CgiOptions): Promise<RunningGateway> {
  const gateway = await express5.start({ options: { root, ...options } })
  t.after(() => gateway.close())
  return gateway
}

void t.test('WARM-13 a run says whether it was warm, and why not', async (t) => {
  const runs: CgiRun[] = []
  const listen = (message: unknown): void => void runs.push(message as CgiRun)
  subscribe('common-gateway:run:end', listen)
  t.after(() => unsubscribe('common-gateway:run:end', listen))
  for (const [facts, isWarm, plainReason] of [
    [{}, false, undefined],
    [{ isWarm: true }, true, undefined],
    [{ plainReason: 'a reason' }, false, 'a reason'],
    [{ isWarm: 'yes', plainReason: 5 }, false, undefined],
  ] as const) {
    const gateway = await start(t, { spawner: new RelayFactory(facts) })
    assert.equal((await send(gateway, '/cgi-bin/a.cgi')).status, 200)
    await gateway.close()
    const run = runs.pop()
    assert.deepEqual([run?.isWarm, run?.plainReason], [isWarm, plainReason])
  }
  const gateway = await start(t, {})
  await send(gateway, '/cgi-bin/a.cgi')
  await gateway.close()
  assert.equal(runs.pop()?.isWarm, false)
})

void t.test('WARM-13 stats() of the gateway has those of its spawner', async () => {
  assert.deepEqual(createCgiHandler({ root, spawner: new RelayFactory() }).stats().warm, STATS)
  assert.equal('warm' in createCgiHandler({ root }).stats(), false)
  const failing = { createSpawner: () => ({ spawn: reject, stats: fail, close: reject }) }
  assert.equal('warm' in createCgiHandler({ root, spawner: failing }).stats(), false)
})

function fail(): never {
  throw new Error('it fails')
}

function reject(): Promise<never> {
  return Promise.reject(new Error('it fails'))
}

void t.test('LIFE-4 a factory makes a spawner for each gateway, which closes it', async (t) => {
  const factory = new RelayFactory()
  const one = await start(t, { spawner: factory, cpuTimeLimit: 1_500 })
  const other = await start(t, { spawner: factory })
  assert.deepEqual(
    factory.contexts.map(({ cpuTimeLimit }) => cpuTimeLimit),
    [2, undefined],
  )
  await send(one, '/cgi-bin/a.cgi')
  await one.close()
  assert.equal(factory.closed, 1)
  await other.close()
  assert.equal(factory.closed, 2)
})

void t.test('LIM-9 what a factory is given confines its processes', async (t) => {
  const options = { cpuTimeLimit: 5_000, openFileLimit: 77, nice: 9 }
  const plain = await start(t, { ...options, spawner: new RelayFactory() })
  assert.equal((await send(plain, '/cgi-bin/a.cgi')).text, '9\n5\n77\n')
  const lasting = await start(t, { ...options, spawner: new RelayFactory({}, 'lasting') })
  assert.equal((await send(lasting, '/cgi-bin/a.cgi')).text, '9\nunlimited\n77\n')
})

void t.test('LIM-9 as another user, too', needsRoot(), async (t) => {
  writeProgram(root, 'id.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nid -u\n")
  for (const way of ['plain', 'lasting'] as const) {
    const spawner = new RelayFactory({}, way)
    const gateway = await start(t, { user: 65_534, group: 65_534, spawner })
    assert.equal((await send(gateway, '/cgi-bin/id.cgi')).text, '65534\n')
  }
})

void t.test('OPT-1 a factory that fails, or makes no spawner', async () => {
  for (const [made, message] of [
    [fail, /The spawner of the `spawner` option cannot be created: .*it fails/],
    [() => ({}), /a factory whose `createSpawner\(\)` returns a spawner/],
    [() => null, /a factory whose `createSpawner\(\)` returns a spawner/],
  ] as const) {
    const spawner = { createSpawner: made } as unknown as SpawnerFactory
    assert.throws(
      () => createCgiHandler({ root, spawner }),
      (error: unknown) => {
        assert.ok(error instanceof CgiError)
        assert.equal(error.code, 'CGI_ERR_INVALID_OPTION')
        assert.match(error.message, message)
        return true
      },
    )
  }
})

void t.test('LIFE-7 a spawner that fails is a 500, and its close() ends', async (t) => {
  const failing = { createSpawner: () => ({ spawn: reject, close: reject }) }
  const gateway = await start(t, { spawner: failing })
  assert.equal((await send(gateway, '/cgi-bin/a.cgi')).status, 500)
})
