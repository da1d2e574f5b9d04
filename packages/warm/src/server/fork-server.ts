import {
  CgiError,
  openProcessPipes,
  type ProcessPipes,
  type ScriptExit,
  type ScriptProcess,
  type SpawnOptions,
  type SupervisedSpawner,
} from '@common-gateway/core/transport'
import { publishNote } from './note-channel.js'
import { OpenRequests } from './open-requests.js'
import { encodeRequest, MOST_BYTES } from '../protocol/request-message.js'
import type { ServerDescription } from './server-command.js'
import { ServerProcess } from './server-process.js'
import { ServerRequest } from './server-request.js'
import type { StatusLine } from '../protocol/status-line.js'

/** Why a fork server has ended. */
export interface ServerEnd {
  /**
   * `'plain'`: the script cannot have one, it did not load, or a run has shown that it must not. `'young'`: the script
   * cannot have one yet. `'failed'`: it has ended by a fault. `'stale'`: a file has changed. `'retired'`: as it was asked to.
   */
  readonly type: 'plain' | 'young' | 'failed' | 'stale' | 'retired'
  readonly reason: string
}

/** How long a fork server may load, in milliseconds: imports take seconds on a busy machine. */
const LOAD_LIMIT = 30_000
/** How long it may take until the process of a request has begun, in milliseconds. */
const START_LIMIT = 5_000

/**
 * One fork server: an interpreter that has loaded a script, and makes a process of each request.
 *
 * A request runs once, whatever happens to the fork server. Its child leads a process group of its own, then writes
 * `started`, then closes its copy of the status pipe, and only then runs anything of the script. A fork server that does
 * not answer is killed with its process group, and so are the children that have not left it yet. Then the status pipe is
 * read to its end. Once it has ended, no child is left that could still write `started`: a request without that line has
 * not run and never will, so it is started plainly. While it has no end, that is uncertain, and the request fails.
 */
export class ForkServer {
  /** Resolves when its process is gone; its children may go on. */
  readonly gone: Promise<void>
  readonly #description: ServerDescription
  readonly #onEnd: (end: ServerEnd) => void
  readonly #requests = new OpenRequests(
    (areAllOver) => this.#giveUp(areAllOver),
    () => this.#endIfIdle(),
  )
  readonly #started: Promise<void>
  #state: 'starting' | 'ready' | 'loading' | 'retiring' | 'over' = 'starting'
  #hasLearnt = false
  #process: ServerProcess | undefined
  /** Why it ends, once it is retiring. */
  #retirement: ServerEnd = { type: 'retired', reason: '' }
  #lastId = 0
  #lastError = ''
  #loadTimer: NodeJS.Timeout | undefined
  #resolveGone: () => void = () => {}

  /** @param onEnd - is called once, when it takes no more requests for good; children may go on. */
  constructor(
    lasting: SupervisedSpawner,
    description: ServerDescription,
    onEnd: (end: ServerEnd) => void,
  ) {
    this.#description = description
    this.#onEnd = onEnd
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve
    })
    this.#started = this.#start(lasting)
  }

  /** Whether it takes requests. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Whether its runs are as fast as they will be: the first ones load modules that are shared later. */
  get hasLearnt(): boolean {
    return this.#hasLearnt
  }

  /** Whether it takes requests now, or will. */
  get isUsable(): boolean {
    return this.#state === 'starting' || this.#state === 'ready' || this.#state === 'loading'
  }

  /** Whether it takes no more requests, and waits for the end of its children. */
  get isRetiring(): boolean {
    return this.#state === 'retiring'
  }

  /** Undefined before its start. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /**
   * Runs a request.
   *
   * @returns the process, or why nothing was run for it.
   * @throws {CgiError} CGI_ERR_SPAWN: it is uncertain whether the script will run.
   */
  request(options: SpawnOptions, args: readonly string[]): Promise<ScriptProcess | string> {
    const { stdin, cwd, environment } = options
    if (args.length > 0 && this.#description.interpreter.isShim) {
      return Promise.resolve('its interpreter is a shim, which gets its arguments')
    }
    const id = (this.#lastId += 1)
    const argv = [this.#description.script, ...args]
    const message = encodeRequest({ id, stdin, cwd, argv, environment })
    if (message.length > MOST_BYTES) {
      return Promise.resolve(`its request has more than ${MOST_BYTES} bytes`)
    }
    let pipes: ProcessPipes
    try {
      pipes = openProcessPipes(options)
    } catch {
      return Promise.resolve('its pipes could not be opened')
    }
    const request = new ServerRequest(pipes, START_LIMIT, () => this.#failUnlessLoading())
    if (this.#process?.send(message, pipes.inherited) === true) {
      pipes.closeChildEnds()
      this.#requests.add(id, request)
    } else {
      request.refuse('its fork server takes no request at the moment')
    }
    return request.answer
  }

  /** Sends it no more requests. It ends after its children. */
  retire(reason: string, type: ServerEnd['type'] = 'retired'): void {
    if (!this.isUsable) return
    this.#note(`retires: ${reason}`)
    this.#retirement = { type, reason }
    this.#state = 'retiring'
    this.#endIfIdle()
  }

  /** Ends it. Resolves when it is gone; its children go on. */
  close(): Promise<void> {
    return this.#end({ type: 'retired', reason: 'the gateway is closed' })
  }

  async #start(lasting: SupervisedSpawner): Promise<void> {
    try {
      this.#process = await ServerProcess.start(lasting, this.#description)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#fail(`its fork server could not be started: ${message}`)
      return
    }
    this.#limitLoading()
    this.#process.follow({
      line: (line) => this.#act(line),
      error: (text) => {
        this.#lastError = text.slice(0, 200)
        this.#note(this.#lastError)
      },
      end: (exit) => this.#endAfter(exit),
    })
  }

  #act(line: StatusLine): void {
    switch (line.type) {
      case 'ready':
        // At its start after all events of this turn: what was written to standard error before.
        if (this.#state === 'starting') setImmediate(() => this.#endUnlessSilent())
        else this.#takeRequests()
        return
      case 'loading':
        if (this.#state !== 'ready') return
        this.#state = 'loading'
        this.#limitLoading()
        return
      case 'learnt':
        this.#hasLearnt = true
        return
      case 'started':
        this.#requests.get(line.id)?.start(line.pid)
        return
      case 'refused':
        this.#refuse(line.id, line.reason)
        return
      case 'stale':
        this.retire(line.reason, 'stale')
        this.#refuse(line.id, line.reason)
        return
      case 'exited':
        this.#requests.get(line.id)?.exit(line.exit)
        this.#requests.delete(line.id)
        return
      case 'plain':
      case 'young':
        // What a run has shown is known when others run.
        if (this.#state === 'starting') void this.#end(line)
        else this.retire(line.reason, line.type)
        return
      case 'note':
        this.#note(line.text)
    }
  }

  /** It has loaded. What its interpreter wrote to standard error, such as a warning, a plain run writes for each request. */
  #endUnlessSilent(): void {
    if (this.#lastError === '') this.#takeRequests()
    else {
      const reason = `its interpreter writes to standard error at its start: ${this.#lastError}`
      void this.#end({ type: 'plain', reason })
    }
  }

  #takeRequests(): void {
    if (!this.isUsable) return
    clearTimeout(this.#loadTimer)
    this.#state = 'ready'
    this.#note('ready')
  }

  #limitLoading(): void {
    const onLate = (): void => this.#fail(`its fork server did not load within ${LOAD_LIMIT} ms`)
    this.#loadTimer = setTimeout(onLate, LOAD_LIMIT).unref()
  }

  /** It has not answered a request. @returns whether it loads modules, so that the answer may still come. */
  #failUnlessLoading(): boolean {
    if (this.#state === 'loading') return true
    this.#fail(`its fork server did not answer within ${START_LIMIT} ms`)
    return false
  }

  /** It does not wait for its processes. While one of them runs, it is not killed: no exit would be known any more. */
  #giveUp(areAllOver: boolean): void {
    if (this.#state === 'loading') return
    const reason = 'its fork server does not wait for its processes'
    if (areAllOver) this.#fail(reason)
    else this.retire(reason)
  }

  /** The process has ended by itself. */
  #endAfter(exit: ScriptExit | undefined): void {
    if (this.#state === 'retiring') {
      void this.#end(this.#retirement)
      return
    }
    const where = this.#state === 'starting' ? ' at its start' : ''
    const how = exit?.signal ?? (exit?.exitCode == null ? '' : `exit code ${exit.exitCode}`)
    const details = [how, this.#lastError].filter((text) => text !== '').join(', ')
    this.#fail(`its fork server ended${where}${details === '' ? '' : `: ${details}`}`)
  }

  #refuse(id: number, reason: string): void {
    this.#requests.get(id)?.refuse(reason)
    this.#requests.delete(id)
  }

  #endIfIdle(): void {
    if (this.#state !== 'retiring' || this.#requests.size > 0) return
    void this.#end(this.#retirement)
  }

  /** A script whose fork server does not load would not have a better one the next time. */
  #fail(reason: string): void {
    const hasLoaded = this.#state !== 'starting' || this.#process === undefined
    void this.#end({ type: hasLoaded ? 'failed' : 'plain', reason })
  }

  #end(end: ServerEnd): Promise<void> {
    if (this.#state !== 'over') void this.#stop(end)
    return this.gone
  }

  async #stop(end: ServerEnd): Promise<void> {
    this.#state = 'over'
    this.#note(`${end.type}: ${end.reason}`)
    this.#onEnd(end)
    await this.#started
    clearTimeout(this.#loadTimer)
    this.#requests.takeExits()
    const isOver = (await this.#process?.end()) ?? true
    this.#requests.orphan((request) => {
      if (isOver) request.refuse(end.reason)
      else request.fail(new CgiError('CGI_ERR_SPAWN', { reason: `${end.reason}, and is not gone` }))
    })
    this.#resolveGone()
  }

  #note(text: string): void {
    publishNote({ script: this.#description.script, pid: this.pid, text })
  }
}
