import { CgiError } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { mock } from 'node:test'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { RunRecord } from '@internal/core/run/record.js'
import { ScriptRun } from '@internal/core/run/run.js'
import { StandardError } from '@internal/core/run/standard-error.js'
import { createRequest } from '../requests.js'

type Exit = Awaited<ScriptRun['exit']>
type Settings = ConstructorParameters<typeof ScriptRun>[1]
type Reader = Parameters<ConstructorParameters<typeof ScriptRun>[0]['stdout']['readBy']>[0]

const GOOD: Exit = { exitCode: 0, signal: null }
const SETTINGS: Settings = {
  bodyLimit: 0,
  bodyTimeout: 5_000,
  requestTimeout: 60_000,
  lingerTimeout: 1_000,
  killOnDisconnect: true,
}
/** How long the exit may come after the output, and more. */
const EXIT_WAIT = 300

/** A run whose script is this test. */
interface Scene {
  readonly run: ScriptRun
  readonly record: RunRecord
  /** What has happened, in order. */
  readonly events: string[]
  /** Output, and its end. */
  write(text: string): void
  end(): void
  exit(): Promise<void>
  /** Lets time pass. */
  wait(milliseconds: number): Promise<void>
  /** Reads the output by a consumer of this name. */
  consume(name?: string, timeout?: number): void
}

/** One round of microtasks, and of the mocked event loop. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await Promise.resolve()
  mock.timers.tick(0)
  for (let round = 0; round < 5; round += 1) await Promise.resolve()
}

function open(
  t: Test,
  settings: Partial<Settings> = {},
  content: Readable | null = null,
  stdin: Writable | null = null,
): Scene {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  t.after(() => mock.timers.reset())
  const events: string[] = []
  let reader: Reader | undefined
  const stdout = {
    readBy: (next: Reader) => void (reader = next),
    pause() {},
    resume() {},
    destroy() {},
  }
  let resolveExit: (exit: Exit) => void = () => {}
  const exit = new Promise<Exit>((resolve) => (resolveExit = resolve))
  const terminate = async (): Promise<void> => void events.push('terminate')
  const record = new RunRecord({
    script: '/srv/a.cgi',
    scriptName: '/a.cgi',
    pathInfo: '',
    pid: 42,
    request: createRequest({}),
    queueTime: 0,
  })
  const run = new ScriptRun(
    { pid: 42, stdin, stdout, stderr: null, exit, terminate },
    { ...SETTINGS, ...settings },
    {
      record,
      standardError: new StandardError(record, {
        logger: console,
        errorPage: false,
        lingerTimeout: 0,
      }),
      requestBody: { length: undefined, content },
      observer: { exited: () => events.push('exited'), ended: () => events.push('over') },
    },
  )
  return {
    run,
    record,
    events,
    write: (text) => reader?.data(Buffer.from(text)),
    end() {
      reader?.end()
    },
    async exit() {
      resolveExit(GOOD)
      await settle()
    },
    async wait(milliseconds) {
      mock.timers.tick(milliseconds)
      await settle()
    },
    consume(name = 'body', timeout = 0) {
      run.consume(timeout, 'CGI_ERR_BODY_TIMEOUT', {
        data: (chunk) => events.push(`${name} data ${chunk.toString()}`),
        end: (ended) => events.push(`${name} end ${ended?.exitCode}`),
        fail: ({ code }) => events.push(`${name} fail ${code}`),
      })
      run.resume()
    },
  }
}

const fail = ({ run }: Scene): void => run.fail(new CgiError('CGI_ERR_BAD_HEADER'))

/** Brings a run into each of its states, with a consumer that waits. */
const STATES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  running: async () => {},
  lingering: (scene) => scene.exit(),
  ending: async (scene) => scene.end(),
  closed: async (scene) => {
    scene.end()
    await scene.wait(EXIT_WAIT)
  },
  stopping: async (scene) => fail(scene),
  over: async (scene) => {
    scene.end()
    await scene.exit()
  },
}

const EVENTS: Readonly<Record<string, (scene: Scene) => unknown>> = {
  'end of output': (scene) => scene.end(),
  exit: (scene) => scene.exit(),
  failure: fail,
  disconnect: ({ run }) => run.disconnect(),
  'a new consumer': (scene) => scene.consume('next'),
  data: (scene) => scene.write('x'),
  'the linger clock': (scene) => scene.wait(1_500),
  'the exit clock': (scene) => scene.wait(EXIT_WAIT),
  'the request clock': (scene) => scene.wait(60_001),
}

const STOPPED = ['terminate', 'body fail CGI_ERR_BAD_HEADER']
const GONE = ['terminate', 'body fail CGI_ERR_CLIENT_GONE']
const LATE = ['terminate', 'body fail CGI_ERR_REQUEST_TIMEOUT']

/** The table of the states: what each event leads to. */
const TABLE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  running: {
    'end of output': [],
    exit: ['exited'],
    failure: STOPPED,
    disconnect: GONE,
    'a new consumer': [],
    data: ['body data x'],
    'the linger clock': [],
    'the exit clock': [],
    'the request clock': LATE,
  },
  lingering: {
    'end of output': ['body end 0', 'over'],
    failure: [...STOPPED, 'over'],
    disconnect: [...GONE, 'over'],
    'a new consumer': [],
    data: ['body data x'],
    'the linger clock': ['body end 0', 'over'],
    'the exit clock': [],
    'the request clock': ['body end 0', 'over'],
  },
  ending: {
    'end of output': [],
    exit: ['exited', 'body end 0', 'over'],
    failure: STOPPED,
    disconnect: GONE,
    'a new consumer': [],
    'the exit clock': ['body end undefined'],
  },
  closed: {
    'end of output': [],
    exit: ['exited', 'over'],
    failure: ['terminate'],
    disconnect: [],
    'a new consumer': ['next end undefined'],
    'the exit clock': [],
    'the request clock': ['terminate'],
  },
  stopping: {
    'end of output': [],
    exit: ['exited', 'over'],
    failure: [],
    disconnect: [],
    'a new consumer': ['next fail CGI_ERR_BAD_HEADER'],
    'the linger clock': [],
    'the exit clock': [],
    'the request clock': [],
  },
  over: {
    'end of output': [],
    failure: ['terminate'],
    disconnect: [],
    'a new consumer': ['next end 0'],
    'the linger clock': [],
    'the exit clock': [],
    'the request clock': [],
  },
}

for (const [state, row] of Object.entries(TABLE)) {
  for (const [event, expected] of Object.entries(row)) {
    void t.test(`LIFE-1 a run that is ${state}: ${event}`, async (t) => {
      const scene = open(t)
      scene.consume()
      await settle()
      await STATES[state]?.(scene)
      scene.events.length = 0
      await EVENTS[event]?.(scene)
      await settle()
      assert.deepEqual(scene.events, expected)
    })
  }
}

void t.test(
  'LIM-1 the idle clock starts anew with each consumer, and ends with the output',
  async (t) => {
    const scene = open(t)
    scene.consume('header', 5_000)
    await scene.wait(4_000)
    scene.consume('body', 5_000)
    await scene.wait(4_000)
    assert.deepEqual(scene.events, [])
    await scene.wait(1_001)
    assert.deepEqual(scene.events, ['terminate', 'body fail CGI_ERR_BODY_TIMEOUT'])
    await scene.exit()
    assert.deepEqual(scene.events.slice(2), ['exited', 'over'])
  },
)

void t.test(
  'LIM-1 after the end of the output a script may wait for input, and no longer than the idle clock',
  async (t) => {
    for (const isReceived of [false, true]) {
      const content = new PassThrough()
      const stdin = new PassThrough()
      const scene = open(t, {}, content, stdin)
      scene.consume()
      scene.end()
      if (isReceived) {
        content.end()
        stdin.resume()
        for (let round = 0; round < 20; round += 1)
          await new Promise((resolve) => process.nextTick(resolve))
      }
      await scene.wait(EXIT_WAIT)
      await scene.wait(5_001)
      assert.deepEqual(scene.events, ['body end undefined', ...(isReceived ? [] : ['terminate'])])
      mock.timers.reset()
    }
  },
)

void t.test(
  'LIFE-1 a script without its client goes on by `killOnDisconnect: false`',
  async (t) => {
    const scene = open(t, { killOnDisconnect: false })
    scene.consume()
    scene.run.disconnect()
    assert.deepEqual(scene.events, ['body fail CGI_ERR_CLIENT_GONE'])
    assert.equal(scene.record.isAbandoned, true)
    scene.write('unread')
    scene.end()
    await scene.exit()
    assert.deepEqual(scene.events.slice(1), ['exited', 'over'])
    assert.equal(scene.record.error, undefined)
  },
)

void t.test('LIFE-1 a script without its client whose input is cut off is stopped', async (t) => {
  const scene = open(t, { killOnDisconnect: false }, new PassThrough(), new PassThrough())
  scene.consume()
  scene.run.disconnect()
  assert.deepEqual(scene.events, GONE)
})

void t.test(
  'LIFE-1 a failure while output is discarded has no other report than the end of the run',
  async (t) => {
    const scene = open(t)
    scene.run.discard()
    fail(scene)
    assert.equal(scene.run.isFailureUnreported, true)
  },
)

void t.test(
  'LIM-1 a time-out after the end of the output is reported by the end of the run',
  async (t) => {
    const scene = open(t)
    scene.consume()
    scene.end()
    await scene.wait(EXIT_WAIT)
    await scene.wait(60_001)
    assert.equal(scene.record.error?.code, 'CGI_ERR_REQUEST_TIMEOUT')
    assert.equal(scene.run.isFailureUnreported, true)
  },
)

void t.test(
  'LOG-2 a client that leaves because of a failure has not abandoned the run',
  async (t) => {
    const scene = open(t)
    scene.consume()
    fail(scene)
    scene.run.disconnect()
    assert.equal(scene.record.isAbandoned, false)
    assert.equal(scene.record.error?.code, 'CGI_ERR_BAD_HEADER')
  },
)

void t.test('LOG-2 the record is filled in, and can be logged', async (t) => {
  const scene = open(t)
  scene.consume('header')
  scene.write('12345')
  scene.run.release()
  scene.consume()
  scene.end()
  await scene.exit()
  const {
    startTime,
    headerTime = -1,
    duration = -1,
    ...rest
  } = JSON.parse(JSON.stringify(scene.record.message))
  assert.ok(Math.abs(Date.now() - startTime) < 60_000)
  assert.ok(headerTime >= 0 && duration >= headerTime)
  assert.deepEqual(rest, {
    script: '/srv/a.cgi',
    scriptName: '/a.cgi',
    pathInfo: '',
    pid: 42,
    queueTime: 0,
    bytesIn: 0,
    bytesOut: 5,
    droppedBytes: 0,
    exitCode: 0,
    signal: null,
    isAbandoned: false,
    isWarm: false,
  })
  assert.equal(scene.record.message.request.method, 'GET')
  // console.log() does not call getters.
  const printed = inspect(scene.record.message)
  assert.match(printed, /script: '\/srv\/a\.cgi'/)
  assert.match(printed, /pid: 42/)
})
