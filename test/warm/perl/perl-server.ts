import { createSpawner, type ScriptExit, type ScriptProcess } from '@common-gateway/core/transport'
import { ForkServer } from '@internal/warm/server/fork-server.js'
import { statSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { writeProgram } from '../../core/temporary-folder.js'
import { toReadable } from '../../core/output-streams.js'
import { until } from '../../support/processes.js'
import { PERL } from '../interpreters.js'

/** A fork server trusts no file that has changed within two seconds; in milliseconds. */
const LEAST_AGE = 2050

const FIXED = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', SERVER_SOFTWARE: 'test/1' }
const REQUEST = { REQUEST_METHOD: 'GET', QUERY_STRING: 'a=1', HTTP_HOST: 'site.example' }

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly exit: ScriptExit
}

export interface RequestOptions {
  readonly body?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

export interface ServerOptions {
  /** Default: Debian's. */
  readonly program?: string
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly cpuTimeLimit?: number
  /** Files that decide which perl runs. */
  readonly decisive?: readonly string[]
}

/** Writes files, and waits until fork servers trust them. Returns their paths. */
export async function writeScripts(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const paths = Object.entries(files).map(([name, content]) => writeProgram(folder, name, content))
  await untilTrusted(...paths)
  return paths
}

async function untilTrusted(...files: readonly string[]): Promise<void> {
  const youngest = Math.max(...files.map((file) => statSync(file).ctimeMs))
  await sleep(Math.max(0, youngest + LEAST_AGE - Date.now()))
}

/** A Perl script with its fork server, and without. */
export class PerlServer {
  /** `ready`, or why there is no fork server: the type of its end, and the reason. */
  readonly verdict: Promise<string>
  /** Why it has ended. */
  readonly end: Promise<string>
  readonly #server: ForkServer
  readonly #script: string
  readonly #flags: readonly string[]
  readonly #environment: Readonly<Record<string, string>>

  constructor(t: Test, script: string, options: ServerOptions = {}) {
    const { program = PERL, decisive = [] } = options
    const { flags = [], environment = {}, cpuTimeLimit } = options
    this.#script = script
    this.#flags = flags
    this.#environment = { ...FIXED, ...environment }
    let setEnd: (end: string) => void = () => {}
    this.end = new Promise((resolve) => {
      setEnd = resolve
    })
    this.#server = new ForkServer(
      createSpawner(),
      {
        interpreter: {
          language: 'perl',
          program,
          flags,
          isShim: false,
          decisive,
        },
        script,
        cwd: path.dirname(script),
        environment: this.#environment,
        modules: [],
        cpuTimeLimit,
      },
      ({ type, reason }) => setEnd(`${type}: ${reason}`),
    )
    const ready = until(() => this.#server.isReady || !this.#server.isUsable, 'it has loaded')
    this.verdict = Promise.race([this.end, ready.then(() => 'ready')])
    t.after(() => this.#server.close())
  }

  get hasLearnt(): boolean {
    return this.#server.hasLearnt
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  /** Runs a request by the fork server. Returns a text if nothing was run: why. */
  async request({
    body,
    environment = {},
    args = [],
  }: RequestOptions = {}): Promise<Answer | string> {
    const answer = await this.#server.request(
      {
        command: [this.#script],
        cwd: path.dirname(this.#script),
        environment: { ...this.#environment, ...REQUEST, ...environment },
        stdin: body === undefined ? 'null' : 'pipe',
      },
      args,
    )
    return typeof answer === 'string' ? answer : collect(answer, body)
  }

  async plain({ body, environment = {}, args = [] }: RequestOptions = {}): Promise<Answer> {
    const started = await createSpawner().spawn({
      command: [PERL, ...this.#flags, this.#script, ...args],
      cwd: path.dirname(this.#script),
      environment: { ...this.#environment, ...REQUEST, ...environment },
      stdin: body === undefined ? 'null' : 'pipe',
    })
    return collect(started, body)
  }
}

async function collect(script: ScriptProcess, body: string | undefined): Promise<Answer> {
  // EPIPE: a script need not read its body.
  script.stdin?.on('error', () => {}).end(body)
  const [stdout, stderr, exit] = await Promise.all([
    text(toReadable(script.stdout)),
    text(toReadable(script.stderr)),
    script.exit,
  ])
  return { stdout, stderr, exit }
}
