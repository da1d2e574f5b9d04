import { CgiError } from '@common-gateway/fastify'
import { isInside } from '@common-gateway/core/steps'
import type { TransportFactory } from '@common-gateway/core/transport'
import type { FastcgiOptions } from '@common-gateway/fastcgi'
import type { CgiPluginOptions } from '@common-gateway/fastify'
import { badArgument } from '../settings/command-error.js'
import { LateTransportFactory } from './late-transport.js'
import type { Site } from './site.js'

/** What `interpreters` takes besides programs. */
type Transport = NonNullable<CgiPluginOptions['transport']>

/** The transports to the application servers of a site: each is shared by all of its gateways. */
export interface Transports {
  /** By the extension of their scripts. */
  readonly byExtension: Readonly<Record<string, Transport>>
  /** The same, for scripts that are not executable. */
  readonly byDefault: Readonly<Record<string, Transport>>
  /** By the URL of the application. */
  readonly byUrl: Readonly<Record<string, Transport>>
}

/** The error about `--user`, which is named as for processes. */
const USER = 'Expected the `user` option'

/** Creates the transports; none is started before its first request. @throws {CommandError} */
export async function createTransports(site: Site): Promise<Transports> {
  const { servers, defaultServers, applications, folder } = site
  const byUrl = applications.map(({ url, server }) => [url, server] as const)
  const given = [...Object.entries(servers), ...byUrl]
  // Not at the top of the file: most sites have no application server, and start sooner without it.
  const { fastcgi } = given.length === 0 ? {} : await import('@common-gateway/fastcgi')
  const make = (options: FastcgiOptions): Transport =>
    fastcgi === undefined ? createLate(options) : withRoot(fastcgi(options), folder)
  const made = new Map<string, Transport>()
  /** Equal servers are one, so that their workers and connections are shared. */
  function create([name, options]: readonly [string, FastcgiOptions]): [string, Transport] {
    const key = JSON.stringify(options)
    try {
      const transport = made.get(key) ?? make(options)
      made.set(key, transport)
      return [name, transport]
    } catch (error) {
      if (!(error instanceof CgiError) || error.message.startsWith(USER)) throw error
      throw badArgument(`--fastcgi ${name}: ${error.message}`)
    }
  }
  return {
    byExtension: Object.fromEntries(Object.entries(servers).map(create)),
    byDefault: Object.fromEntries(Object.entries(defaultServers).map(create)),
    byUrl: Object.fromEntries(byUrl.map(create)),
  }
}

/**
 * Makes the option `root` stand for the served folder, also for scripts of a folder in it that has a gateway of its own,
 * such as `cgi-bin`.
 */
function withRoot(factory: TransportFactory, folder: string): TransportFactory {
  return {
    createTransport(gateway) {
      const isBelow = gateway.root !== undefined && isInside(gateway.root, folder)
      return factory.createTransport(isBelow ? { ...gateway, root: folder } : gateway)
    },
  }
}

/** For a server that the command has found by itself: its options need no check at the start. */
function createLate(options: FastcgiOptions): Transport {
  return new LateTransportFactory(async () => {
    const { fastcgi } = await import('@common-gateway/fastcgi')
    return fastcgi(options)
  })
}
