import { readWaitStatus, type ScriptExit } from '@common-gateway/core/transport'

/** A line that a fork server, or one of its children, writes to the fork server's standard output. */
export type StatusLine =
  /** It takes requests. */
  | { readonly type: 'ready' }
  /** It imports modules, and takes requests again after the next `ready`. */
  | { readonly type: 'loading' }
  /** It has found out which modules its runs can share, or has nothing to find out. */
  | { readonly type: 'learnt' }
  /** By the child, before anything of the script runs: it leads its own process group. */
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  /** Nothing was run for this request. */
  | { readonly type: 'refused'; readonly id: number; readonly reason: string }
  /** The same; a file has changed, and the fork server takes no more requests. */
  | { readonly type: 'stale'; readonly id: number; readonly reason: string }
  /** A child has ended. */
  | {
      readonly type: 'exited'
      readonly id: number
      readonly pid: number
      readonly exit: ScriptExit
    }
  /** This script cannot have a fork server as long as its content is the same. */
  | { readonly type: 'plain'; readonly reason: string }
  /** The same for a moment: a file has just changed. */
  | { readonly type: 'young'; readonly reason: string }
  /** For logs. */
  | { readonly type: 'note'; readonly text: string }

/** Reads a line. Undefined where it is none of the protocol. */
export function parseStatusLine(line: string): StatusLine | undefined {
  const [, word = '', rest = ''] = /^([a-z]+)(?: (.*))?$/s.exec(line) ?? []
  if (word === 'ready' || word === 'loading' || word === 'learnt') {
    return rest === '' ? { type: word } : undefined
  }
  if (word === 'plain' || word === 'young') return { type: word, reason: rest }
  if (word === 'note') return { type: 'note', text: rest }
  const [, id, text = ''] = /^(\d+) (.*)$/s.exec(rest) ?? []
  if (id === undefined) return undefined
  if (word === 'refused' || word === 'stale') return { type: word, id: Number(id), reason: text }
  return parseProcessLine(word, Number(id), text)
}

function parseProcessLine(word: string, id: number, text: string): StatusLine | undefined {
  if (!/^\d+(?: \d+)*$/.test(text)) return undefined
  const [pid = 0, status] = text.split(' ').map(Number)
  // kill(2): 0 is the group of this process, and -1 every process that it may signal.
  if (pid <= 1) return undefined
  if (word === 'started') return { type: 'started', id, pid }
  if (word !== 'exited' || status === undefined) return undefined
  return { type: 'exited', id, pid, exit: readWaitStatus(status) }
}

/** The longest line, in bytes: each is written by one write(2) to a pipe, whole (PIPE_BUF). */
const LONGEST_LINE = 4096

/** Splits what is read from a pipe into lines. */
export class StatusLines {
  #rest = ''
  #isBroken = false

  /** Whether a line was too long. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Returns the lines that are whole now. */
  read(chunk: Buffer): string[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > LONGEST_LINE) {
      this.#rest = ''
      this.#isBroken = true
    }
    return lines
  }
}
