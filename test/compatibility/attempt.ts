import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Cell } from './cell.js'
import { run, start, stop } from './command.js'

const START = 120_000
const ANSWER = 60_000

/** A cell that was tried. */
export interface Outcome {
  readonly cell: Cell
  readonly version: string
  /** The reason for which it failed; undefined where it did not. */
  readonly failure: string | undefined
}

/** Tries a cell in the folder of its installed project. */
export async function attempt(cell: Cell, folder: string): Promise<Outcome> {
  const version = await readVersion(cell, folder)
  const failure =
    cell.proof === 'answer'
      ? await findServerFailure(cell, folder)
      : await findFailure(cell, folder)
  return { cell, version, failure }
}

async function readVersion({ version }: Cell, folder: string): Promise<string> {
  if (typeof version !== 'string') {
    const { output } = await run(folder, version)
    return /\d+\.\d+\.\d+[\w.-]*/.exec(output)?.[0] ?? ''
  }
  const text = readFileSync(path.join(folder, 'node_modules', version, 'package.json'), 'utf8')
  // Every installed package has a version.
  return (JSON.parse(text) as { version: string }).version
}

async function findFailure({ command }: Cell, folder: string): Promise<string | undefined> {
  const { isSuccess, output } = await run(folder, command)
  return isSuccess ? undefined : output
}

/** Starts the server, and asks for a script and for the server's own page. */
async function findServerFailure({ command }: Cell, folder: string): Promise<string | undefined> {
  const server = await start(folder, command)
  let output = ''
  try {
    const port = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no port after two minutes')), START)
      timer.unref()
      for (const stream of [server.stdout, server.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output += chunk.toString()
          const [, found] =
            /^(?:port | {2}Address {2}http:\/\/127\.0\.0\.1:)(\d+)/m.exec(output) ?? []
          if (found !== undefined) resolve(found)
        })
      }
      server.once('error', reject)
      server.once('exit', () => reject(new Error('the server has ended')))
    })
    for (const [target, status, text] of [
      ['/cgi-bin/forbidden.sh', 403, 'no entry'],
      ['/', 200, 'own page'],
    ] as const) {
      const signal = AbortSignal.timeout(ANSWER)
      const headers = { accept: 'text/html,*/*' }
      const answer = await fetch(`http://127.0.0.1:${port}${target}`, { signal, headers })
      const body = await answer.text()
      if (answer.status !== status || !body.includes(text)) {
        return `${target} answers ${answer.status} ${body.slice(0, 300)}\n${output}`
      }
    }
    return undefined
  } catch (error) {
    return `${String(error)}\n${output}`
  } finally {
    stop(server)
  }
}
