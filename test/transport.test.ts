import {
  type Output,
  type OutputReader,
  type ScriptCall,
  type ScriptProcess,
  type ScriptStreams,
  type Spawner,
  toOutput,
  type Transport,
} from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type Adapter, express5, fastify5, type RunningGateway } from './support/adapters.js'
import { dial, send } from './support/client.js'
import { CGI_BIN } from './support/fixtures.js'
import { descriptorsOf, until } from './support/processes.js'

const HEADER = 'Content-Type: text/plain\n\n'

/** Answers in this process. */
class InProcess implements Transport {
  readonly calls: ScriptCall[] = []
  closed = 0
  terminated = 0

  async open(call: ScriptCall): Promise<ScriptStreams> {
    this.calls.push(call)
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const query = String(call.environment['QUERY_STRING'])
    let end: () => void = () => {}
    const exit = new Promise<{ exitCode: number | null; signal: null }>((resolve) => {
      end = () => resolve({ exitCode: 0, signal: null })
    })
    const terminate = async (): Promise<void> => {
      this.terminated += 1
      stdout.destroy()
      stderr.destroy()
      end()
    }
    if (query !== 'hang') {
      void buffer(stdin).then((body) => {
        stderr.end(`error of ${call.script.file}\n`)
        stdout.end(`${HEADER}${call.environment['REQUEST_METHOD']} ${query} ${body.toString()}`)
        end()
      }, terminate)
    }
    return { stdin, stdout: toOutput(stdout), stderr: toOutput(stderr), exit, terminate }
  }

  async close(): Promise<void> {
    this.closed += 1
  }
}

/** Starts processes as Node does, and counts them: as a spawner with another way to start would. */
class CountingSpawner implements Spawner {
  started = 0
  readonly signals: (string | number)[] = []

  async spawn({ command, cwd, environment, stdin }: Parameters<Spawner['spawn']>[0]) {
    this.started += 1
    const [program, ...args] = command
    const input = stdin === 'null' ? 'ignore' : stdin
    const child = spawn(program, args, {
      cwd,
      env: environment,
      stdio: [input, 'pipe', 'pipe'],
      detached: true,
    })
    await once(child, 'spawn')
    const { pid, stdout, stderr } = child
    assert.ok(pid !== undefined && stdout !== null && stderr !== null)
    const started: ScriptProcess = {
      pid,
      stdin: child.stdin,
      stdout: toOutput(stdout),
      stderr: toOutput(stderr),
      exit: once(child, 'exit').then(([exitCode, signal]) => ({ exitCode, signal })),
      signalGroup: (signal) => {
        this.signals.push(signal)
        try {
          return process.kill(-pid, signal)
        } catch {
          return false
        }
      },
    }
    return started
  }
}

const OK: ScriptStreams = {
  stdin: null,
  stdout: toOutput(Readable.from([])),
  stderr: null,
  exit: Promise.resolve({ exitCode: 0, signal: null }),
  terminate: async () => {},
}

const fail = (what: string): never => {
  throw new Error(`the fault of ${what}`)
}

const never = new Promise<never>(() => {})

/** What String() cannot show. */
const textless: unknown = Object.create(null)

/** Rejects with what is no error. */
async function rejection(thrown: unknown): Promise<never> {
  throw thrown
}

/** What no question can be asked of. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Each fault with the statuses that it may have; null: the connection is cut. */
const FAULTS: readonly [what: string, status: number, open: (call: ScriptCall) => unknown][] = [
  ['throws', 500, () => fail('open')],
  ['rejects', 500, () => Promise.reject(new Error('no'))],
  ['gives nothing', 500, () => Promise.resolve()],
  ['gives a Node stream that is no output', 500, async () => ({ ...OK, stdout: 1 })],
  [
    'gives no output, and an end that rejects',
    500,
    async () => ({ ...OK, stdout: 1, exit: Promise.reject(new Error('no end')) }),
  ],
  ['gives a stdin that is none', 500, async () => ({ ...OK, stdin: {} })],
  [
    'has no end of its own',
    504,
    async () => ({ ...OK, stdout: toOutput(new PassThrough()), exit: never }),
  ],
  ['never starts', 504, () => never],
  [
    'never ends and does not stop',
    504,
    async () => {
      return { ...OK, stdout: toOutput(new PassThrough()), exit: never, terminate: () => never }
    },
  ],
  [
    'throws when it is stopped',
    504,
    async () => {
      return {
        ...OK,
        stdout: toOutput(new PassThrough()),
        exit: never,
        terminate: () => fail('terminate'),
      }
    },
  ],
  [
    'rejects its end',
    502,
    async () => {
      return {
        ...OK,
        stdout: toOutput(new PassThrough()),
        exit: Promise.reject(new Error('no end')),
      }
    },
  ],
  [
    'emits an error before it is read',
    502,
    async () => {
      const stdout = new PassThrough()
      const output = toOutput(stdout)
      stdout.destroy(new Error('too early'))
      return { ...OK, stdout: output, exit: never }
    },
  ],
  [
    'emits an error in the header',
    502,
    async () => {
      const stdout = new PassThrough()
      stdout.write('Content-Type: te')
      setTimeout(() => stdout.destroy(new Error('in the header')), 10)
      return { ...OK, stdout: toOutput(stdout), exit: never }
    },
  ],
  [
    'closes its output without an end',
    502,
    async () => {
      const stdout = new PassThrough()
      setTimeout(() => stdout.destroy(), 10)
      return { ...OK, stdout: toOutput(stdout), exit: never }
    },
  ],
  ['throws what has no text', 500, () => rejection(textless)],
  ['throws a proxy that was revoked', 500, () => rejection(revoked())],
  [
    'rejects its end with what has no text',
    502,
    async () => {
      return { ...OK, stdout: toOutput(new PassThrough()), exit: rejection(textless) }
    },
  ],
  [
    'has an end that cannot be read',
    502,
    async () => {
      const end = Object.defineProperty({}, 'exitCode', { get: () => fail('exitCode') })
      return { ...OK, stdout: toOutput(new PassThrough()), exit: Promise.resolve(end) }
    },
  ],
  [
    'has a listener of the signal that throws',
    504,
    (call) => {
      call.signal?.addEventListener('abort', () => fail('the listener'))
      return never
    },
  ],
  [
    'has an output whose methods throw',
    502,
    async () => {
      const stdout = {
        readBy: () => fail('readBy'),
        pause: () => fail('pause'),
        resume: () => fail('resume'),
        destroy: () => fail('destroy'),
      }
      return { ...OK, stdout, stderr: stdout, exit: never }
    },
  ],
  [
    'has an output whose methods are async and reject',
    502,
    async () => {
      const reject = async (): Promise<never> => fail('an async method')
      const methods = { readBy: reject, pause: reject, resume: reject, destroy: reject }
      const stdout = methods
      return { ...OK, stdout, stderr: stdout, exit: never }
    },
  ],
  [
    'gives data that are not bytes',
    502,
    async () => {
      return { ...OK, stdout: toOutput(Readable.from([{ a: 1 }])), exit: never }
    },
  ],
  [
    'has a stdin that throws',
    200,
    async () => {
      const stdin = new Writable({ write: () => fail('write'), final: () => fail('final') })
      return { ...OK, stdin, stdout: toOutput(Readable.from([Buffer.from(HEADER)])) }
    },
  ],
  [
    'has a stdin whose methods are async and reject',
    200,
    async () => {
      const reject = async (): Promise<never> => fail('an async method')
      const methods = { write: reject, end: reject, destroy: reject }
      // The methods are against the type on purpose.
      const stdin = Object.assign(new Writable(), methods) as unknown as Writable
      return { ...OK, stdin, stdout: toOutput(Readable.from([Buffer.from(HEADER)])) }
    },
  ],
  [
    'has a stdin that fails while the script runs',
    200,
    async () => {
      const stdin = new PassThrough()
      const stdout = new PassThrough()
      stdin.resume()
      setTimeout(() => {
        stdin.destroy(new Error('closed'))
        stdout.end(HEADER)
      }, 20)
      const exit = once(stdout, 'end').then(() => ({ exitCode: 0, signal: null }))
      return { ...OK, stdin, stdout: toOutput(stdout), exit }
    },
  ],
  [
    'has a stdin that fails',
    200,
    async () => {
      const stdin = new Writable()
      stdin.destroy(new Error('closed'))
      return { ...OK, stdin, stdout: toOutput(Readable.from([Buffer.from(HEADER)])) }
    },
  ],
  [
    'reads no body',
    200,
    async () => {
      return { ...OK, stdout: toOutput(Readable.from([Buffer.from(HEADER)])) }
    },
  ],
]

const POST = { method: 'POST', body: Buffer.alloc(300_000, 'x') }

function transportSuite(t: Test, adapter: Adapter): void {
  void t.test(`a transport from outside (${adapter.name})`, async (t) => {
    const transport = new InProcess()
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN, transport, maxProcesses: 1 } })
    })
    t.after(() => gateway.close())

    void t.test('BODY-1 ENV-1 LOG-1 it gets the script, the environment and the body', async () => {
      const answer = await send(gateway, '/cgi-bin/echo.cgi?query', {
        method: 'POST',
        body: 'body',
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'POST query body')
      const call = transport.calls.at(-1)
      assert.equal(call?.script.file, `${CGI_BIN}/echo.cgi`)
      assert.equal(call?.script.scriptName, '/cgi-bin/echo.cgi')
      assert.equal(call?.environment['CONTENT_LENGTH'], '4')
      const { script } = await gateway.logged(({ message }) => message.startsWith('error of'))
      assert.equal(script, call?.script.file)
    })

    void t.test('BODY-2 it gets a body without a length that was stored in a file', async () => {
      const body = Readable.from([Buffer.alloc(100_000, 'x')])
      const answer = await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body })
      assert.equal(answer.text.length, 'POST  '.length + 100_000)
      assert.equal(transport.calls.at(-1)?.environment['CONTENT_LENGTH'], '100000')
    })

    void t.test(
      'LIFE-1 LIM-1 it is stopped when its client leaves, and its slot is free',
      async () => {
        const terminated = transport.terminated
        const socket = await dial(gateway)
        socket.write('GET /cgi-bin/echo.cgi?hang HTTP/1.1\r\nHost: a\r\n\r\n')
        await until(() => gateway.stats().running === 1, 'it runs')
        socket.destroy()
        await until(() => transport.terminated > terminated, 'it is stopped')
        await until(() => gateway.stats().running === 0, 'the slot is free')
        assert.equal((await send(gateway, '/cgi-bin/echo.cgi?next')).status, 200)
      },
    )

    void t.test(
      'MAP-2 a file that is not executable is a script where the transport says so',
      async (t) => {
        const path = '/cgi-bin/not-executable.txt'
        assert.equal((await send(gateway, path)).status, 403)
        const remote = Object.assign(new InProcess(), { needsExecutable: false })
        const other = await adapter.start({ options: { root: CGI_BIN, transport: remote } })
        t.after(() => other.close())
        assert.equal((await send(other, path)).status, 200)
      },
    )

    void t.test('LIFE-2 it is closed with the gateway', async () => {
      await gateway.close()
      assert.equal(transport.closed, 1)
    })
  })

  void t.test(`faults of a transport from outside (${adapter.name})`, async (t) => {
    const current: { open: (call: ScriptCall) => unknown } = { open: () => never }
    // The faults are against the type on purpose.
    const transport = {
      open: (call: ScriptCall) => current.open(call),
      close: () => fail('close'),
    } as unknown as Transport
    const options = {
      root: CGI_BIN,
      transport,
      maxProcesses: 1,
      headersTimeout: 200,
      bodyTimeout: 500,
      killTimeout: 0,
      lingerTimeout: 50,
    }
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options })
    })
    t.after(() => gateway.close())

    // Most of them wait for a grace period.
    void t.test('faults of open()', { jobs: 8 }, async (t) => {
      for (const [what, status, open] of FAULTS) {
        void t.test(
          `LIFE-3 one that ${what} is answered ${status}, and releases its slot`,
          { buffered: true },
          async (t) => {
            const faulty = { ...transport, open } as unknown as Transport
            const own = await adapter.start({ options: { ...options, transport: faulty } })
            t.after(() => own.close())
            for (const sending of [{}, POST]) {
              const answer = await send(own, '/cgi-bin/echo.cgi', sending)
              assert.equal(answer.status, status)
            }
            await until(() => own.stats().running === 0, 'the slot is free')
          },
        )
      }
    })

    void t.test(
      'LIFE-3 a stdin that fails later, of a request without a body, is no exception',
      async (t) => {
        const faults: unknown[] = []
        const listener = (error: unknown): void => void faults.push(error)
        process.on('uncaughtException', listener)
        t.after(() => process.off('uncaughtException', listener))
        current.open = async () => {
          const stdin = new Writable({ final: () => {} })
          const stdout = new PassThrough()
          setImmediate(() => stdin.destroy(new Error('closed')))
          stdin.once('close', () => setImmediate(() => stdout.end(HEADER)))
          const exit = once(stdout, 'close').then(() => OK.exit)
          return { ...OK, stdin, stdout: toOutput(stdout), exit }
        }
        assert.equal((await send(gateway, '/cgi-bin/echo.cgi')).status, 200)
        assert.deepEqual(faults, [])
      },
    )

    void t.test(
      'LIFE-3 a start that never ends leaves no descriptor of a stored body',
      async () => {
        const stored = (): number =>
          descriptorsOf(process.pid).filter((name) => /common-gateway-[\da-f-]{36} /.test(name))
            .length
        const already = stored()
        const pending: Promise<never>[] = []
        current.open = () => {
          const start = new Promise<never>(() => {})
          pending.push(start)
          return start
        }
        const body = Readable.from([Buffer.alloc(100_000, 'x')])
        assert.equal(
          (await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body })).status,
          504,
        )
        assert.equal(pending.length, 1)
        await until(() => stored() === already, 'the stored body is closed')
      },
    )

    void t.test('LIFE-3 a start that ends after it was given up is released', async () => {
      let terminated = 0
      let start: (streams: ScriptStreams) => void = () => {}
      current.open = () => new Promise<ScriptStreams>((resolve) => (start = resolve))
      assert.equal((await send(gateway, '/cgi-bin/echo.cgi')).status, 504)
      await until(() => gateway.stats().running === 0, 'the slot is free')
      const terminate = async (): Promise<void> => {
        terminated += 1
      }
      start({ ...OK, stdout: toOutput(new PassThrough()), exit: never, terminate })
      await until(() => terminated === 1, 'it is stopped')
    })

    void t.test(
      'LIM-1 a standard input that never takes the body is bound by bodyTimeout',
      async () => {
        current.open = async () => {
          const stdin = new Writable({ write() {} })
          const stdout = new PassThrough()
          stdout.write(`${HEADER}the beginning`)
          // Later than an answer that is sent as a whole.
          setTimeout(() => stdout.end(', the end'), 100)
          return { ...OK, stdin, stdout: toOutput(stdout), exit: never }
        }
        const body = Readable.from([Buffer.from('body')])
        const answer = await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body })
        assert.equal(answer.text, 'the beginning, the end')
        await until(() => gateway.stats().running === 0, 'the slot is free')
      },
    )

    void t.test(
      'LIFE-1 LIFE-3 a script whose streams are refused is stopped, and its late faults are contained',
      async () => {
        let terminated = 0
        current.open = async () => {
          const [stdin, stdout] = [new PassThrough(), new PassThrough()]
          setImmediate(() => {
            stdin.emit('error', new Error('late'))
            stdout.emit('error', new Error('late'))
          })
          const terminate = async (): Promise<void> => {
            terminated += 1
            throw new Error('late')
          }
          // The stream itself, where toOutput(stdout) is asked for.
          return { stdin, stdout, stderr: null, exit: Promise.reject(new Error('late')), terminate }
        }
        assert.equal((await send(gateway, '/cgi-bin/echo.cgi')).status, 500)
        assert.equal(terminated, 1)
      },
    )

    void t.test(
      'RES-4 an answer whose output goes on in a pause is cut off, and has no gap',
      async () => {
        current.open = async () => {
          let reader: OutputReader | undefined
          const stdout: Output = {
            readBy(next) {
              reader = next
            },
            pause() {},
            resume() {
              for (const data of [HEADER, 'one', 'two']) reader?.data(Buffer.from(data))
              reader?.end()
            },
            destroy() {},
          }
          return { ...OK, stdout }
        }
        await assert.rejects(send(gateway, '/cgi-bin/echo.cgi'))
        await until(() => gateway.stats().running === 0, 'the slot is free')
      },
    )
  })

  void t.test(`a spawner from outside (${adapter.name})`, async (t) => {
    async function start(t: Test, spawner: Spawner): Promise<RunningGateway> {
      const options = { root: CGI_BIN, spawner, headersTimeout: 2_000, killTimeout: 100 }
      const gateway = await adapter.start({ options })
      t.after(() => gateway.close())
      return gateway
    }

    void t.test(
      'LIFE-1 BODY-1 it starts scripts, and is asked to signal their groups',
      async (t) => {
        const spawner = new CountingSpawner()
        const gateway = await start(t, spawner)
        const sent = await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body: 'the body' })
        assert.match(sent.text, /the body/)
        const socket = await dial(gateway)
        socket.write('GET /cgi-bin/wait.cgi HTTP/1.1\r\nHost: a\r\n\r\n')
        await until(() => gateway.stats().running === 1, 'it runs')
        socket.destroy()
        await until(() => gateway.stats().running === 0, 'the slot is free')
        assert.equal(spawner.started, 2)
        assert.ok(spawner.signals.includes('SIGTERM'))
      },
    )

    void t.test('LIFE-3 its faults are failures of the request', async (t) => {
      const faults: (() => unknown)[] = [
        () => fail('spawn'),
        () => Promise.reject(new Error('no')),
        () => Promise.resolve(),
        async () => ({ ...OK, pid: 0, signalGroup: () => true }),
        // What `once(child, 'exit')` of Node's own gives for a program that is not there.
        async () => ({ ...OK, pid: undefined, exit: Promise.reject(new Error('ENOENT')) }),
      ]
      for (const fault of faults) {
        // The faults are against the type on purpose.
        const gateway = await start(t, { spawn: fault } as unknown as Spawner)
        assert.equal((await send(gateway, '/cgi-bin/echo.cgi')).status, 500)
        assert.equal(gateway.stats().running, 0)
      }
    })

    void t.test('LIFE-3 a process whose end and signals fail is answered 502', async (t) => {
      const signals = [(): boolean => fail('signalGroup'), async () => fail('an async signalGroup')]
      for (const signalGroup of signals) {
        const lie = async (): Promise<object> => {
          const exit = Promise.reject(new Error('no end'))
          return { ...OK, pid: 2 ** 22 + 1, stderr: OK.stdout, exit, signalGroup }
        }
        // The faults are against the type on purpose.
        const gateway = await start(t, { spawn: lie } as unknown as Spawner)
        assert.equal((await send(gateway, '/cgi-bin/echo.cgi')).status, 502)
        await until(() => gateway.stats().running === 0, 'the slot is free')
      }
    })
  })
}

for (const adapter of [fastify5, express5]) transportSuite(t, adapter)
