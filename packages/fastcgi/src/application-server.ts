import type {
  ScriptFinder,
  Transport,
  TransportContext,
  TransportFactory,
} from '@common-gateway/core/transport'
import { addRoot, type EnvironmentMap, mapRoot, removeFile } from './environment.js'
import { ApplicationFinder, SplitFinder } from './finder.js'
import type { FastcgiOptions } from './options.js'
import { createAddressUpstreams } from './address-upstreams.js'
import { SharedLogger } from './shared-logger.js'
import { UpstreamTransport } from './transport.js'
import { MissingScriptWarning } from './upstream/missing-script.js'
import type { Upstreams } from './upstreams.js'
import { createWorkerUpstreams } from './worker-upstreams.js'

/** In milliseconds. */
const CONNECT_TIMEOUT = 3_000

/** The application servers of one `fastcgi()` or `scgi()`, for all gateways that have it. */
export class ApplicationServer implements TransportFactory {
  readonly #options: FastcgiOptions
  readonly #protocol: 'fastcgi' | 'scgi'
  readonly #logger = new SharedLogger()
  readonly #upstreams: Upstreams
  #killTimeout = 0
  /** How many gateways use it. */
  #users = 0

  /** @param options - checked. */
  constructor(options: FastcgiOptions, protocol: 'fastcgi' | 'scgi') {
    this.#options = options
    this.#protocol = protocol
    const { spawn, connectTimeout = CONNECT_TIMEOUT } = options
    const context = { protocol, connectTimeout, logger: this.#logger }
    this.#upstreams =
      spawn === undefined
        ? createAddressUpstreams(options, context)
        : createWorkerUpstreams(options, spawn, context)
  }

  createTransport(gateway: TransportContext): Transport {
    const { retry = 'unsent', connectTimeout = CONNECT_TIMEOUT } = this.#options
    const { killTimeout, queueTimeout, logger, root } = gateway
    const { group, name } = this.#upstreams
    return new UpstreamTransport({
      group,
      settings: {
        protocol: this.#protocol,
        retry,
        connectTimeout,
        queueTimeout,
        killTimeout,
        missingScript: new MissingScriptWarning(logger),
      },
      finder: this.#createFinder(root, name),
      // Without `extensions`, the permission distinguishes scripts from the files beside them, such as uploads.
      needsExecutable: gateway.extensions === undefined,
      mapEnvironment: this.#createMap(root, name),
      acquire: () => {
        this.#users += 1
        this.#killTimeout = Math.max(this.#killTimeout, killTimeout)
        this.#logger.add(logger)
      },
      release: async () => {
        this.#users -= 1
        if (this.#users === 0) await this.#upstreams.close(this.#killTimeout)
        this.#logger.remove(logger)
      },
    })
  }

  #createFinder(localRoot: string | undefined, name: string): ScriptFinder | undefined {
    const { split, root } = this.#options
    if (split !== undefined && root !== undefined) {
      return new SplitFinder(root, typeof split === 'string' ? [split] : split)
    }
    return localRoot === undefined ? new ApplicationFinder(name) : undefined
  }

  #createMap(localRoot: string | undefined, name: string): EnvironmentMap | undefined {
    const { split, root } = this.#options
    if (split !== undefined && root !== undefined) return addRoot(root)
    if (localRoot === undefined) return removeFile(name)
    return root === undefined ? undefined : mapRoot(localRoot, root)
  }
}
