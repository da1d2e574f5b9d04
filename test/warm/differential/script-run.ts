import type { ScriptExit, ScriptProcess, Spawner } from '@common-gateway/core/transport'
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { toReadable } from '../../core/output-streams.js'
import type { Body } from './declarations.js'

/** One request to a script. */
export interface ScriptRequest {
  /** The command: the script, or an interpreter before it, and arguments. */
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  readonly body: Body | undefined
  /** A folder of which the content after the run is part of the result. */
  readonly files: string
}

/** All that a run leaves behind; texts are byte strings. */
export interface RunResult {
  readonly output: string
  readonly errors: string
  readonly exit: ScriptExit
  /** The files that it left, by name. */
  readonly files: Readonly<Record<string, string>>
}

export interface Run {
  readonly isWarm: boolean
  readonly plainReason: string | undefined
  readonly result: RunResult
}

/** A run that takes longer hangs, in milliseconds. */
const LONGEST_RUN = 60_000
/** Processes that a script leaves behind write their files within this time, in milliseconds. */
const LEFT_BEHIND = 10_000

/** Runs a script to its end: the end of the process, and of its outputs, also those of its children. */
export async function runScript(spawner: Spawner, request: ScriptRequest): Promise<Run> {
  const { command, cwd, environment, body, files } = request
  for (const name of readdirSync(files)) rmSync(path.join(files, name), { recursive: true })
  const input = body?.type === 'file' ? openContent(`${files}.body`, body.content) : undefined
  const stdin = input ?? (body === undefined ? 'null' : 'pipe')
  const hasLargeInput = (body?.content.length ?? 0) > 65_536
  const script = await spawner.spawn({ command, cwd, environment, stdin, hasLargeInput })
  // EPIPE: a script need not read its body.
  script.stdin?.on('error', () => {}).end(Buffer.from(body?.content ?? '', 'latin1'))
  const clock = setTimeout(() => script.signalGroup('SIGKILL'), LONGEST_RUN)
  const [output, errors, exit] = await Promise.all([
    toByteString(script.stdout),
    toByteString(script.stderr),
    script.exit,
  ])
  await groupEnd(script)
  clearTimeout(clock)
  if (input !== undefined) closeSync(input)
  const { isWarm = false, plainReason } = script
  return { isWarm, plainReason, result: { output, errors, exit, files: contentOf(files) } }
}

function openContent(file: string, content: string): number {
  writeFileSync(file, content, 'latin1')
  return openSync(file, 'r')
}

async function toByteString(output: ScriptProcess['stdout']): Promise<string> {
  return (await buffer(toReadable(output))).toString('latin1')
}

async function groupEnd({ signalGroup }: ScriptProcess): Promise<void> {
  for (let waited = 0; signalGroup(0) && waited < LEFT_BEHIND; waited += 20) await delay(20)
}

function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  return Object.fromEntries(
    names.map((name) => {
      const file = path.join(folder, name)
      const { mode } = statSync(file)
      const isFolder = statSync(file).isDirectory()
      return [`${name} ${mode.toString(8)}`, isFolder ? '' : readFileSync(file, 'latin1')]
    }),
  )
}
