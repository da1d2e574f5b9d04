import { createSpawner, type ScriptExit, type ScriptProcess } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { ForkServer, type ServerEnd } from '@internal/warm/server/fork-server.js'
import { toReadable } from '../../core/output-streams.js'
import { until } from '../../support/processes.js'

/** The same in each request. */
const FIXED = {
  PATH: process.env['PATH'] ?? '',
  GATEWAY_INTERFACE: 'CGI/1.1',
  LANG: 'C.UTF-8',
  PYTHONDONTWRITEBYTECODE: '1',
}
const REQUEST = { REQUEST_METHOD: 'GET', QUERY_STRING: 'a=1', SCRIPT_NAME: '/x.py', HTTP_HOST: 'h' }

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
  readonly python?: string
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly modules?: readonly string[]
}

/** Writes files, and waits until a fork server trusts them: they must be two seconds old. */
export async function writeScripts(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  await untilTrusted(...Object.keys(files).map((name) => path.join(folder, name)))
}

async function untilTrusted(...files: readonly string[]): Promise<void> {
  const youngest = Math.max(...files.map((file) => statSync(file).ctimeMs))
  await delay(Math.max(0, youngest + 2_050 - Date.now()))
}

/** A Python script with its fork server, and without. */
export class PythonServer {
  readonly notes: string[] = []
  #end: ServerEnd | undefined
  readonly #server: ForkServer
  readonly #script: string
  readonly #command: readonly [string, ...string[]]
  readonly #environment: Readonly<Record<string, string>>

  constructor(t: Test, script: string, options: ServerOptions = {}) {
    const { python = '/usr/bin/python3', flags = [], environment = {}, modules = [] } = options
    this.#script = script
    this.#command = [python, ...flags, script]
    this.#environment = { ...FIXED, ...environment }
    const onNote = (message: unknown): void => {
      const { pid, text } = message as { pid: number; text: string } // the type of note-channel.ts
      if (pid === this.#server.pid) this.notes.push(text)
    }
    subscribe('common-gateway:warm:note', onNote)
    this.#server = new ForkServer(
      createSpawner(),
      {
        interpreter: { language: 'python', program: python, flags },
        script,
        cwd: path.dirname(script),
        environment: this.#environment,
        modules,
        cpuTimeLimit: undefined,
      },
      (end) => {
        this.#end = end
      },
    )
    t.after(async () => {
      await this.#server.close()
      unsubscribe('common-gateway:warm:note', onNote)
    })
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  async untilReady(): Promise<void> {
    await until(() => this.#server.isReady, 'it is ready')
  }

  /** A fork server does not keep this process, so it is looked at. */
  async untilEnded(): Promise<ServerEnd> {
    await until(() => this.#end !== undefined, 'it has ended')
    assert.ok(this.#end)
    return this.#end
  }

  /** Runs a request so that its imports are learnt, and waits until they are shared. */
  async learn(options?: RequestOptions): Promise<string[]> {
    await this.untilReady()
    const first = await this.request(options)
    assert.ok(typeof first !== 'string', typeof first === 'string' ? first : '')
    await until(
      () => this.notes.some((note) => note.endsWith(' modules are shared')),
      'it has learnt',
    )
    return this.notes
  }

  /** Returns why nothing was run, as text. */
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
    const answer = await createSpawner().spawn({
      command: [...this.#command, ...args],
      cwd: path.dirname(this.#script),
      environment: { ...this.#environment, ...REQUEST, ...environment },
      stdin: body === undefined ? 'null' : 'pipe',
    })
    return collect(answer, body)
  }

  /** Compares both ways, before and after the imports are learnt. */
  async compare(options?: RequestOptions): Promise<Answer> {
    const plain = await this.plain(options)
    await this.untilReady()
    assert.deepEqual(await this.request(options), plain)
    await until(
      () => this.notes.some((note) => note.endsWith(' modules are shared')),
      'it has learnt',
    )
    assert.deepEqual(await this.request(options), plain)
    return plain
  }
}

async function collect(script: ScriptProcess, body: string | undefined): Promise<Answer> {
  if (body !== undefined) script.stdin?.end(body)
  const [stdout, stderr, exit] = await Promise.all([
    readText(toReadable(script.stdout)),
    readText(toReadable(script.stderr)),
    script.exit,
  ])
  return { stdout, stderr, exit }
}
