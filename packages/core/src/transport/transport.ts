import type { FileHandle } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import type { CgiError } from '../data/cgi-error.js'
import type { ClientSignal } from '../data/message.js'
import type { Output } from './output.js'
import type { ScriptFinder, ScriptLocation } from './script-finder.js'
import type { Slots } from './slots.js'
import type { UpstreamStats } from './upstream-stats.js'

/** A program and the arguments that it always gets. */
export type Command = readonly [program: string, ...args: string[]]

/** The script that a transport runs. */
export interface CalledScript extends ScriptLocation {
  /** The script alone, or its interpreter, the arguments of the interpreter, and the script. */
  readonly command: Command
}

/** The content for the standard input of a script. */
export interface RequestBody {
  /** CONTENT_LENGTH; undefined where there is no body, or none whose length is known. */
  readonly length: number | undefined
  /** Nothing, bytes, a file to be read from its beginning, or a stream still arriving. */
  readonly content: null | Buffer | FileHandle | Readable
}

/** One request to a script. */
export interface ScriptCall {
  readonly script: CalledScript
  /** The arguments of the query (RFC 3875 section 4.4); byte strings. Most requests have none. */
  readonly args: readonly string[]
  /** The whole environment, after {@link Transport.mapEnvironment}; byte strings: one character for each byte. */
  readonly environment: Readonly<Record<string, string>>
  /** The gateway writes it to {@link ScriptStreams.stdin}. A transport reads only its kind and length. */
  readonly body: RequestBody
  /** How long the request has waited for its slot, in milliseconds. */
  readonly queueTime: number
  /**
   * Aborted when the request has ended: a script that has not been started is not started then, and `open()`
   * settles. After `killTimeout` and a second the gateway gives it up, and closes the body.
   */
  readonly signal?: ClientSignal | undefined
}

/** How a script ended. */
export interface ScriptExit {
  /** Exit code; null where a signal ended it, or where the code is unknown. */
  readonly exitCode: number | null
  /** The name of the signal; null where it exited by itself. */
  readonly signal: string | null
  /** Why the script was never started, if its exit shows that. */
  readonly reason?: string
}

/** The streams of a running script, and its exit. */
export interface ScriptStreams {
  /** The process of the script, if it has one. */
  readonly pid?: number | undefined
  /**
   * The server that runs the script, for logs and errors: {@link UpstreamStats.name}. Together with `pid` it may
   * change until the first byte of the answer, where a request is sent once more.
   */
  readonly upstream?: string | undefined
  /** {@link ScriptProcess.isWarm}. */
  readonly isWarm?: boolean | undefined
  /** {@link ScriptProcess.plainReason}. */
  readonly plainReason?: string | undefined
  /**
   * Standard input. The gateway writes the request body, if there is one, and ends it. Null where the script reads no
   * body, or has it as a file descriptor: the gateway then discards a body that is still arriving.
   */
  readonly stdin: Writable | null
  /** Standard output; {@link toOutput} makes it of a `Readable`. */
  readonly stdout: Output
  /** Standard error; null where there is none. */
  readonly stderr: Output | null
  /**
   * Resolves when the script has ended; never rejects. The request keeps its slot until then, also after the end
   * of standard output.
   */
  readonly exit: Promise<ScriptExit>
  /**
   * Stops the script and everything that it has started. Resolves when nothing is left of it; never rejects.
   * May be called again, and after the exit.
   *
   * @param reason - the failure of the request, such as CGI_ERR_HEADERS_TIMEOUT or CGI_ERR_CLIENT_GONE; undefined
   *   where the request has ended before the script was started.
   */
  terminate(reason?: CgiError): Promise<void>
}

/** Runs scripts: by a process for each, a connection to a server, or a waiting interpreter. */
export interface Transport {
  /**
   * Whether scripts get PATH and the other variables of `inheritEnv` from this process; `false` for
   * scripts on another machine. Default: `true`.
   */
  readonly inheritsEnvironment?: boolean
  /**
   * Whether a script without an interpreter must be executable here; `false`: every regular file of
   * `root` is a script, or each with one of `extensions`, and `script` may be any. Default: `true`.
   */
  readonly needsExecutable?: boolean
  /** Whether every body must have a length: `chunkedBody: 'stream'` is refused then. Default: `false`. */
  readonly needsBodyLength?: boolean
  /**
   * Finds the scripts where they are no files of this machine. The options `root`, `script` and those about
   * files are refused then, and so is `documentRoot`: scripts have neither DOCUMENT_ROOT nor
   * PATH_TRANSLATED, unless the transport adds them. Default: `root` or `script`.
   */
  readonly finder?: ScriptFinder
  /**
   * Makes of the environment of a script the one that it gets: where it runs on another machine, SCRIPT_FILENAME,
   * DOCUMENT_ROOT and PATH_TRANSLATED are paths of that machine. Returns another object, or the same one unchanged.
   * Default: the same.
   */
  mapEnvironment?(environment: ScriptCall['environment']): ScriptCall['environment']
  /**
   * Limits how many scripts run at once; `maxProcesses` is refused then. `maxQueue` and `queueTimeout` hold
   * for each gateway, also where several share the slots. Default: `maxProcesses` slots for each gateway.
   */
  readonly slots?: Slots | undefined
  /**
   * Starts a script for one request.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES, CGI_ERR_NO_UPSTREAM, CGI_ERR_UPSTREAM_TIMEOUT,
   *   CGI_ERR_UPSTREAM_PROTOCOL, CGI_ERR_BUSY. An error of another class becomes the `cause` of a CGI_ERR_SPAWN.
   */
  open(call: ScriptCall): Promise<ScriptStreams>
  /** The servers of the transport, for `stats()` of the gateway. */
  stats?(): readonly UpstreamStats[]
  /** Frees resources. Called once by each gateway, after the end of its last script. */
  close(): Promise<void>
}
