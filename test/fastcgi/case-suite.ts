import type { CgiOptions } from '@common-gateway/core'
import { fastcgi, scgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import path from 'node:path'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../core/temporary-folder.js'
import type { Adapter, RunningGateway } from '../support/adapters.js'
import type { Answer } from '../support/answer.js'
import { send } from '../support/client.js'
import { until } from '../support/processes.js'
import type { Case, Expected, FastcgiOptions, Stage } from './case.js'
import { type Behaviour, type Protocol, ScriptedUpstream } from './scripted-upstream.js'

/** How a table of cases is run. */
interface SuiteOptions {
  readonly adapter: Adapter
  /** Where upstreams listen that may listen anywhere. */
  readonly on: 'tcp' | 'unix'
  readonly protocol?: Protocol
}

/** No case takes a tenth of it, in ms, on a machine that has nothing else to do. */
const NO_HANG = 60_000

/** Runs each case of each table with upstreams and a gateway of its own. */
export function caseSuite(
  t: Test,
  tables: Readonly<Record<string, readonly Case[]>>,
  options: SuiteOptions,
): void {
  for (const [title, cases] of Object.entries(tables)) tableSuite(t, title, cases, options)
}

function tableSuite(
  t: Test,
  title: string,
  cases: readonly Case[],
  { adapter, on, protocol = 'fastcgi' }: SuiteOptions,
): void {
  void t.test(`${title} (${adapter.name}, ${protocol}, ${on})`, { jobs: 8 }, async (t) => {
    const folder = createTemporaryFolder(t)
    for (const [index, each] of cases.entries()) {
      if (each.isHttp1 === true && adapter.httpVersion === 2) continue
      void t.test(each.name, { buffered: true, timeout: NO_HANG }, async (t) => {
        const listenOn = each.on ?? on
        const behaviours = typeof each.upstreams === 'function' ? each.upstreams() : each.upstreams
        const upstreams = await Promise.all(
          behaviours.map((behaviour, number) => {
            const socket = path.join(folder, `${index}-${number}.sock`)
            const listening =
              listenOn === 'unix' ? { path: socket } : { port: 0, host: '127.0.0.1' }
            return new ScriptedUpstream(toBehaviour(behaviour), listening, protocol).start()
          }),
        )
        t.after(() => Promise.all(upstreams.map((upstream) => upstream.stop())))
        const address = each.address
          ? await each.address(t, upstreams)
          : upstreams.map((upstream) => upstream.address)
        const options = { address, ...each.fastcgi } as FastcgiOptions
        const gateway = await adapter.start({ options: optionsOf(each, options, protocol) })
        t.after(() => gateway.close())
        await runCase(each, gateway, upstreams)
        await until(() => gateway.stats().running === 0, 'no request runs')
        for (const upstream of upstreams) assert.deepEqual(upstream.faults, [])
        await gateway.close()
        // One that does not read learns of no end.
        for (const { socket } of upstreams.flatMap(({ open }) => open)) socket.resume()
        await until(() => upstreams.every(({ open }) => open.length === 0), 'all is closed')
      })
    }
  })
}

function toBehaviour(behaviour: Behaviour | Behaviour['answer']): Behaviour {
  return typeof behaviour === 'function' ? { answer: behaviour } : (behaviour ?? {})
}

function optionsOf(each: Case, options: FastcgiOptions, protocol: Protocol): CgiOptions<never> {
  const application = protocol === 'fastcgi' ? fastcgi(options) : scgi(options)
  if (each.use === 'interpreters') {
    return { interpreters: { '.php': application }, ...each.gateway }
  }
  return { [each.use ?? 'script']: application, ...each.gateway }
}

async function runCase(
  each: Case,
  gateway: RunningGateway,
  upstreams: readonly ScriptedUpstream[],
): Promise<void> {
  // Cases of other listeners have no upstream, and do not ask for one.
  const [upstream] = upstreams as readonly [ScriptedUpstream]
  const at = (name: string): string => `/cgi-bin${name}`
  const stage: Stage = {
    gateway,
    upstreams,
    upstream,
    stats: () => gateway.stats().upstreams ?? [],
    send: (name = each.path ?? '/', sending = each.request) => send(gateway, at(name), sending),
    sendBy: (method, name = each.path ?? '/') =>
      send(
        gateway,
        at(name),
        ['POST', 'PUT', 'PATCH'].includes(method) ? { method, body: 'it' } : { method },
      ),
  }
  if (each.play !== undefined) {
    await each.play(stage)
    return
  }
  const expected = each.expected ?? {}
  if (expected.isCut === true) {
    // Nothing may have been sent yet: the client then learns more.
    const status = await stage.send().then(
      (answer) => answer.status,
      () => 502,
    )
    assert.equal(status, 502)
  } else check(await stage.send(), expected, gateway.httpVersion)
  await checkLog(gateway, expected)
  for (const [name, value] of Object.entries(expected.variables ?? {})) {
    const got = (await upstream.call()).variables[name]
    assert.ok(got === value, `${name}: ${got?.slice(0, 100)}`)
  }
  const { seen } = expected
  if (seen !== undefined) {
    const calls = upstreams.map((one) => one.calls.length)
    assert.deepEqual(calls, seen)
  }
}

function check(
  answer: Answer,
  { status = 200, text, fields = {} }: Expected,
  version: number,
): void {
  assert.equal(answer.status, status, answer.text.slice(0, 300))
  if (text !== undefined) {
    assert.ok(answer.text === text, `${answer.text.length} bytes: ${answer.text.slice(0, 300)}`)
  }
  for (const [name, values] of Object.entries(fields)) {
    assert.deepEqual(answer.all(name), values, `${name} by HTTP/${version}`)
  }
}

async function checkLog(
  gateway: RunningGateway,
  { code, reason, log = [] }: Expected,
): Promise<void> {
  const wanted: ((record: Record<string, unknown>) => boolean)[] = log.map(
    (expected) =>
      ({ message }) =>
        typeof expected === 'string' ? message === expected : expected.test(String(message)),
  )
  if (code !== undefined) {
    wanted.push(
      (record) =>
        record['code'] === code && (reason === undefined || reason.test(String(record['reason']))),
    )
  }
  const isLogged = (): boolean => wanted.every((fits) => gateway.log.some(fits))
  await until(
    isLogged,
    `it is logged: ${[...log, code].join()}; was ${JSON.stringify(gateway.log)}`,
  )
}
