import assert from 'node:assert/strict'
import type { Readable } from 'node:stream'
import { toReadable } from './output-streams.js'
import { sendToScript } from '@internal/core/body/input.js'
import { type ProcessTransport } from '@internal/core/process/process-transport.js'
import { readStandardError } from '@internal/core/run/standard-error-reader.js'

const PATH = process.env['PATH'] ?? ''

type Transport = ProcessTransport
/** One request to a script. */
export type ScriptCall = Parameters<Transport['open']>[0]
type ScriptStreams = Awaited<ReturnType<Transport['open']>>

/** A script that runs, with its body and its standard error attended to as a run does. */
export interface OpenScript extends Pick<ScriptStreams, 'pid' | 'exit' | 'terminate'> {
  readonly stdout: Readable
  /** Resolves when no more of standard error is read. */
  readonly standardErrorEnd: Promise<void>
  /** The part of standard error that has been read so far. */
  error(): string
}

/** Starts a program by a transport. */
export async function openScript(
  transport: Transport,
  command: ScriptCall['script']['command'],
  given: Partial<Omit<ScriptCall, 'script'>> = {},
): Promise<OpenScript> {
  const [file] = command
  const call: ScriptCall = {
    script: { file, scriptName: '', pathInfo: '', command },
    args: [],
    environment: { PATH },
    body: { length: undefined, content: null },
    queueTime: 0,
    ...given,
  }
  const streams = await transport.open(call)
  const { pid, stdin, stdout, stderr, exit } = streams
  assert.ok(stderr !== null)
  if (stdin !== null) void exit.then(() => stdin.destroy())
  const observer = { receive() {}, fail: (error: Error) => assert.fail(error) }
  void sendToScript(call.body.content, stdin, 0, observer)
  const chunks: Buffer[] = []
  const write = (chunk: Buffer): void => void chunks.push(chunk)
  const standardErrorEnd = readStandardError(stderr, { exit, lingerTimeout: 1, write })
  const error = (): string => Buffer.concat(chunks).toString('latin1')
  const terminate = (): Promise<void> => streams.terminate()
  return { pid, stdout: toReadable(stdout), exit, terminate, standardErrorEnd, error }
}
