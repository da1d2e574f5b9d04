import type { CgiOptions } from '@common-gateway/core'
import { fastcgi } from '@common-gateway/fastcgi'
import type { Adapter } from '../../support/adapters.js'
import type { FastcgiOptions } from '../case.js'

type Options = CgiOptions<never>

/** The options of an adapter whose scripts are processes, shared out between `fastcgi()` and the gateway. */
interface SharedOut {
  readonly application: FastcgiOptions
  readonly gateway: Options
}

/** The same adapter, whose scripts run by FastCGI. */
export function throughFastcgi(
  adapter: Adapter,
  name: string,
  shareOut: (options: Options) => SharedOut,
): Adapter {
  return {
    ...adapter,
    name: `${adapter.name}, ${name}`,
    async start(setup = {}) {
      const { application, gateway } = shareOut(setup.options ?? {})
      const env = addFlush(gateway.env)
      return adapter.start({
        ...setup,
        options: { ...gateway, env, transport: fastcgi(application) },
      })
    },
  }
}

/** An application that listens: the number of requests at once is that of its address. */
export function byAddress(address: string): (options: Options) => SharedOut {
  return ({ maxProcesses, ...gateway }) => {
    const limit = maxProcesses === undefined ? {} : { maxConnections: maxProcesses }
    return { application: { address, ...limit }, gateway }
  }
}

/** The options of scripts that are options of workers. */
const WORKER_OPTIONS: readonly string[] = [
  'inheritEnv',
  'user',
  'group',
  'memoryLimit',
  'openFileLimit',
  'fileSizeLimit',
  'nice',
]

/** A program that the gateway starts: one worker for each script that may run at once. */
export function managed(spawn: readonly string[]): (options: Options) => SharedOut {
  return ({ maxProcesses: processes = 8, ...options }) => {
    const given = Object.entries(options)
    const isOfWorkers = ([option]: [string, unknown]): boolean => WORKER_OPTIONS.includes(option)
    // fromEntries() does not know the names. What is wrong among the values is the subject of some cases.
    const own = Object.fromEntries(given.filter(isOfWorkers)) as Partial<FastcgiOptions>
    const gateway = Object.fromEntries(given.filter((entry) => !isOfWorkers(entry))) as Options
    return { application: { spawn, processes, ...own }, gateway }
  }
}

/** Makes fcgiwrap send each part of the output as soon as the script has written it. */
const FLUSH = { NO_BUFFERING: '1' }

function addFlush(env: Options['env']): NonNullable<Options['env']> {
  if (typeof env !== 'function') return { ...FLUSH, ...env }
  return async (request) => ({ ...FLUSH, ...(await env(request)) })
}
