import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../servers/program.js'

/** What wrk measures; times in milliseconds. */
export interface Load {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly median: number
  readonly p99: number
}

/**
 * A server may close a connection at the moment in which it is asked once more; Apache closes idle ones as
 * soon as it runs short of threads.
 */
const MOST_LOST = 0.01

const run = promisify(execFile)

export function findWrk(): string | undefined {
  return findProgram('/usr/bin/wrk', '/usr/local/bin/wrk')
}

interface LoadOptions {
  readonly connections: number
  readonly seconds: number
  /** Each as `Name: value`. */
  readonly headers?: readonly string[]
}

/** Asks for one URL as often as it can. @throws where an answer was not the right one. */
export async function load(
  url: string,
  { connections, seconds, headers = [] }: LoadOptions,
): Promise<Load> {
  // One thread of wrk can do many times what a server can start in processes.
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '--latency']
  const fields = headers.flatMap((header) => ['-H', header])
  const { stdout } = await run(findWrk() ?? 'wrk', [...args, ...fields, url])
  return parse(stdout)
}

/** Parses the output of wrk. @throws if wrk reports errors or a figure is missing. */
export function parse(output: string): Load {
  const [wrong] = /Non-2xx or 3xx responses: \d+/.exec(output) ?? []
  if (wrong !== undefined) throw new Error(`wrk: ${wrong}`)
  const [lost, ...counts] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? []
  const all = Number(find(output, /^\s+(\d+) requests in /m))
  const sum = counts.reduce((before, count) => before + Number(count), 0)
  if (lost !== undefined && sum > all * MOST_LOST) throw new Error(`wrk: ${lost}`)
  return {
    requests: all,
    requestsPerSecond: Number(find(output, /^Requests\/sec:\s+([\d.]+)/m)),
    median: milliseconds(find(output, /^\s+50%\s+(\S+)/m)),
    p99: milliseconds(find(output, /^\s+99%\s+(\S+)/m)),
  }
}

function find(output: string, pattern: RegExp): string {
  const [, text] = pattern.exec(output) ?? []
  if (text === undefined) throw new Error(`wrk did not print ${pattern.source}:\n${output}`)
  return text
}

const UNITS = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
])

function milliseconds(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)([a-z]+)$/.exec(text) ?? []
  const factor = UNITS.get(unit)
  if (factor === undefined) throw new Error(`wrk: what time is ${text}?`)
  return Number(number) * factor
}
