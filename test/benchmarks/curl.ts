import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const CURL = '/usr/bin/curl'

/** How long one request took, and what came back. */
export interface Transfer {
  readonly seconds: number
  readonly received: number
  /** The answer itself, unless curl has put it elsewhere. */
  readonly body: string
}

/** Makes one request on a connection of its own. @throws where its status is not 200. */
export async function transfer(url: string, ...args: readonly string[]): Promise<Transfer> {
  const format = '\n%{http_code} %{time_total} %{size_download}'
  const { stdout } = await run(CURL, ['--silent', '--show-error', '-w', format, ...args, url])
  const end = stdout.lastIndexOf('\n')
  const [status, seconds, received] = stdout.slice(end + 1).split(' ')
  if (status !== '200') throw new Error(`curl: status ${status}`)
  return { seconds: Number(seconds), received: Number(received), body: stdout.slice(0, end) }
}
