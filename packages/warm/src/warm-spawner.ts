import {
  CgiError,
  type ScriptExit,
  type ScriptProcess,
  type Spawner,
  type SpawnerContext,
  type SpawnOptions,
  type WarmStats,
} from '@common-gateway/core/transport'
import { AsyncResource } from 'node:async_hooks'
import { type CommandLine, splitCommand } from './script/command-line.js'
import { isYoung, LEAST_AGE } from './script/file-signature.js'
import { ForkServer, type ServerEnd } from './server/fork-server.js'
import { findInterpreter } from './script/interpreter.js'
import { ProcessRights } from './server/process-rights.js'
import type { WarmSettings } from './options/options.js'
import type { ScriptRecord } from './choice/script-record.js'
import { ScriptRecords } from './choice/script-records.js'
import { fixedVariables, serverKey } from './choice/server-key.js'
import { ServerPool } from './choice/server-pool.js'
import type { Variant } from './choice/variant.js'
import { WarmCounts } from './choice/warm-counts.js'

/** A request, and what is known about its script. */
interface Call {
  readonly options: SpawnOptions
  readonly line: CommandLine
  readonly record: ScriptRecord
  readonly variant: Variant
}

/** Starts scripts by fork servers, and plainly where they have none. */
export class WarmSpawner implements Spawner {
  readonly #context: SpawnerContext
  readonly #settings: WarmSettings
  #records: ScriptRecords
  readonly #pool: ServerPool
  readonly #counts = new WarmCounts()
  /** A fork server must not retain the async context of the request after which it was started. */
  readonly #scope = new AsyncResource('CommonGatewayWarmSpawner')
  readonly #rights = new ProcessRights()
  #isClosed = false

  constructor(context: SpawnerContext, settings: WarmSettings) {
    this.#context = context
    this.#settings = settings
    this.#records = new ScriptRecords(settings)
    this.#pool = new ServerPool(settings)
  }

  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    if (!this.#isClosed && this.#rights.haveChanged()) this.#startAnew()
    const line = splitCommand(options.command)
    const record = this.#records.find(line)
    const reason = record.currentReason(performance.now())
    if (reason !== undefined) return this.#startPlainly(options, reason)
    const variant = record.variant(serverKey(options.cwd, options.environment))
    if (variant === undefined) {
      const { max } = this.#settings
      record.judge(`its fixed variables have more than ${max} different values`)
      return this.#startPlainly(options, record.reason)
    }
    const call = { options, line, record, variant }
    const { server } = variant
    if (server?.isReady !== true) {
      return this.#measurePlainly(call, server === undefined ? variant.reason : LOADING)
    }
    this.#pool.touch(server)
    if (variant.worth.takesPlainRun()) return this.#measurePlainly(call, MEASURED)
    return this.#startWarm(call, server)
  }

  stats(): WarmStats {
    return this.#counts.stats(this.#pool.size, this.#records.latest)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#rights.close()
    await this.#pool.close()
  }

  /** A fork server has the rights that this process had at its start: after `process.setuid()`, it must run nothing more. */
  #startAnew(): void {
    this.#pool.retire('the rights of the process have changed')
    this.#records = new ScriptRecords(this.#settings)
  }

  async #startWarm(call: Call, server: ForkServer): Promise<ScriptProcess> {
    const { options, line, record, variant } = call
    const start = performance.now()
    const { hasLearnt } = server
    const answer = await server.request(options, line.args)
    if (typeof answer === 'string') {
      this.#counts.countRefusal()
      if (options.signal?.aborted === true) throw new CgiError('CGI_ERR_CLIENT_GONE')
      return this.#measurePlainly(call, answer)
    }
    this.#counts.countRun()
    record.runs += 1
    variant.countRun()
    if (hasLearnt && isMeasured(options)) {
      void answer.exit.then((exit) => {
        if (wasStopped(exit)) return
        variant.worth.addWarm(performance.now() - start)
        if (variant.worth.isTooSmall && variant.server === server) record.judge(NOT_FASTER)
      })
    }
    return answer
  }

  /** A plain run that counts for a fork server of the script. */
  async #measurePlainly(call: Call, reason: string): Promise<ScriptProcess> {
    const { options, variant } = call
    const start = performance.now()
    variant.countPlainRun(start)
    const started = await this.#startPlainly(options, reason)
    void started.exit.then((exit) => {
      const now = performance.now()
      if (isMeasured(options) && !wasStopped(exit)) variant.worth.addPlain(now - start)
      if (!this.#isClosed && variant.isDue(now)) this.#startServer(call, now)
    })
    return started
  }

  async #startPlainly(options: SpawnOptions, reason = ''): Promise<ScriptProcess> {
    this.#counts.countPlain(reason)
    const started = await this.#context.plain.spawn(options)
    return { ...started, plainReason: reason }
  }

  /** Starts a fork server for the next requests. */
  #startServer({ options, line, record, variant }: Call, now: number): void {
    const { cwd, environment } = options
    if (record.reason !== undefined) return
    const interpreter = findInterpreter(line, { cwd, environment })
    if (typeof interpreter === 'string') {
      record.judge(interpreter)
      return
    }
    record.language = interpreter.language
    if (isYoung(line.script)) {
      variant.postpone(now + LEAST_AGE, 'its file has just changed')
      return
    }
    const noRoom = this.#pool.makeRoom(variant.since)
    if (noRoom !== undefined) {
      variant.postpone(now, noRoom)
      return
    }
    const description = {
      interpreter,
      script: line.script,
      cwd,
      environment: fixedVariables(environment),
      modules: this.#settings.modules,
      cpuTimeLimit: this.#context.cpuTimeLimit,
    }
    this.#scope.runInAsyncScope(() => {
      const server = new ForkServer(this.#context.lasting, description, (end) => {
        this.#judgeEnd(record, variant, end)
      })
      variant.server = server
      this.#pool.add(server)
    })
  }

  #judgeEnd(record: ScriptRecord, variant: Variant, { type, reason }: ServerEnd): void {
    if (type === 'plain') record.judge(reason)
    if (type === 'young') variant.postpone(performance.now() + LEAST_AGE, reason)
    if (type === 'stale' && !variant.countChange())
      record.judge(`its files change too often: ${reason}`)
    if (type === 'failed' && !variant.countFault()) record.judge(reason)
  }
}

const LOADING = 'its fork server is loading'
const MEASURED = 'it is measured beside its fork server'
const NOT_FASTER = 'its fork server is not faster'

/** Whether the time of a run is that of its script, and not that of a client that sends a body. */
function isMeasured({ stdin }: SpawnOptions): boolean {
  return stdin !== 'pipe'
}

/** Whether a signal has ended a script, such as an event stream whose client has left: its time tells nothing. */
function wasStopped({ signal }: ScriptExit): boolean {
  return signal !== null
}
