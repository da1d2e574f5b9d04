import { createSpawner, type ScriptExit, type ScriptProcess } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { splitCommand } from '@internal/warm/script/command-line.js'
import { findInterpreter } from '@internal/warm/script/interpreter.js'
import { ForkServer, type ServerEnd } from '@internal/warm/server/fork-server.js'
import { toReadable } from '../../core/output-streams.js'
import { until } from '../../support/processes.js'
import { PYTHON } from '../interpreters.js'

/** How often to look whether it has learnt: a trial of many modules takes a minute on a busy machine. */
const LEARNING = 4_800
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

/** The flags without which a Python is never warm: its site modules register exit functions. */
export function flagsOf(python: string): readonly string[] {
  const program = 'import atexit; raise SystemExit(atexit._ncallbacks() > 0)'
  return spawnSync(python, ['-c', program]).status === 0 ? [] : ['-S']
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
    const { python = PYTHON, flags = [], environment = {}, modules = [] } = options
    this.#script = script
    this.#command = [python, ...flags, script]
    this.#environment = { ...FIXED, ...environment }
    const cwd = path.dirname(script)
    const interpreter = findInterpreter(splitCommand(this.#command), {
      cwd,
      environment: this.#environment,
    })
    assert.ok(typeof interpreter !== 'string', typeof interpreter === 'string' ? interpreter : '')
    const onNote = (message: unknown): void => {
      const { pid, text } = message as { pid: number; text: string } // the type of note-channel.ts
      if (pid === this.#server.pid) this.notes.push(text)
    }
    subscribe('common-gateway:warm:note', onNote)
    this.#server = new ForkServer(
      createSpawner(),
      {
        interpreter,
        script,
        cwd,
        environment: this.#environment,
        modules,
        cpuTimeLimit: undefined,
      },
      (end) => {
        this.#end = end
      },
    )
    t.after(async () => {
      await this.close()
      unsubscribe('common-gateway:warm:note', onNote)
    })
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  async untilReady(): Promise<void> {
    await until(() => this.#server.isReady || this.#end !== undefined, 'it is ready')
    assert.equal(this.#end?.reason, undefined)
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
    await until(() => this.#server.hasLearnt, 'it has learnt', LEARNING)
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

  /**
   * Compares both ways, before and after the imports are learnt.
   *
   * @param learns - whether the script comes to its end, so that it can be learnt what it has imported.
   */
  async compare(options?: RequestOptions, learns = true): Promise<Answer> {
    const plain = await this.plain(options)
    await this.untilReady()
    assert.deepEqual(await this.request(options), plain)
    if (learns) {
      await until(() => this.#server.hasLearnt, 'it has learnt', LEARNING)
    }
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
  // No two processes have the same addresses.
  const mask = (text: string): string => text.replaceAll(/\b0x[0-9a-f]+\b/g, '(address)')
  return { stdout: mask(stdout), stderr: mask(stderr), exit }
}
