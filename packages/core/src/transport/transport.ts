import type { ClientSignal } from '../data/message.js'
import type { Output } from './output.js'
import type { BodyObserver, RequestBody } from './request-body.js'
import type { Command } from '../options/settings.js'

/** All that is needed to have a script answer one request. */
export interface ScriptCall {
  /** Absolute path of the program, and its arguments; byte strings. */
  readonly command: Command
  /** Working directory. */
  readonly cwd: string
  /** The whole environment; values are byte strings. */
  readonly environment: Readonly<Record<string, string>>
  /** Standard input. It stays open until the script has ended. */
  readonly body: RequestBody
  /** The most that may be passed on of a body whose length is not known; 0: no limit. */
  readonly bodyLimit: number
  /** Hears how the body fares. */
  readonly bodyObserver: BodyObserver
  /** Takes what the script writes to its standard error, as it comes. */
  readonly onStandardError: (chunk: Buffer) => void
  /** Aborted when nobody waits for the script any more: what has not been started is not to be. */
  readonly signal?: ClientSignal
}

/** How a script ended. */
export interface ScriptExit {
  /** Exit code; null where a signal ended it. */
  readonly exitCode: number | null
  /** The signal; null where it exited by itself. */
  readonly signal: string | null
  /** Why there never was a script, where that shows in its end. */
  readonly reason?: string
}

/** A script that is running. */
export interface ScriptOutput {
  /** The process, where there is one. */
  readonly pid: number | undefined
  /** Standard output. */
  readonly stdout: Output
  /** Resolves when the script has ended; never rejects. */
  readonly exit: Promise<ScriptExit>
  /** Resolves when the script takes no more of its input: it has all, or has closed it. */
  readonly inputEnd: Promise<void>
  /** Resolves when nothing more of its standard error will come; never rejects. */
  readonly standardErrorEnd: Promise<void>
  /**
   * Asks the script to stop, and makes it stop in the end, with all that it has started. Resolves when
   * nothing of it is left. May be called again.
   */
  terminate(): Promise<void>
}

/** How a script is reached: as a process of its own, or by FastCGI, SCGI, a waiting interpreter. */
export interface Transport {
  /** Has a script answer. @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES */
  send(call: ScriptCall): Promise<ScriptOutput>
  /** Frees what is held between calls. */
  close(): Promise<void>
}
