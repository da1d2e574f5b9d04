import { CgiError } from '@common-gateway/fastify'
import type { FastcgiOptions } from '@common-gateway/fastcgi'
import type { CgiPluginOptions } from '@common-gateway/fastify'
import { badArgument } from '../settings/command-error.js'
import type { Site } from './site.js'

/** What `interpreters` takes besides programs. */
type Transport = NonNullable<CgiPluginOptions['transport']>

/** The transports to the application servers of a site: each is shared by all of its gateways. */
export interface Transports {
  /** By the extension of their scripts. */
  readonly byExtension: Readonly<Record<string, Transport>>
  /** By the URL of the application. */
  readonly byUrl: Readonly<Record<string, Transport>>
}

/** Creates the transports; none is started before its first request. @throws {CommandError} */
export async function createTransports(site: Site): Promise<Transports> {
  const { servers, applications } = site
  if (Object.keys(servers).length === 0 && applications.length === 0) {
    return { byExtension: {}, byUrl: {} }
  }
  // Not at the top of the file: most sites have no application server, and start sooner without it.
  const { fastcgi } = await import('@common-gateway/fastcgi')
  const made = new Map<string, Transport>()
  /** Equal servers are one, so that their workers and connections are shared. */
  function create([name, options]: readonly [string, FastcgiOptions]): [string, Transport] {
    const key = JSON.stringify(options)
    try {
      const transport = made.get(key) ?? fastcgi(options)
      made.set(key, transport)
      return [name, transport]
    } catch (error) {
      if (error instanceof CgiError) throw badArgument(`--fastcgi ${name}: ${error.message}`)
      throw error
    }
  }
  return {
    byExtension: Object.fromEntries(Object.entries(servers).map(create)),
    byUrl: Object.fromEntries(applications.map(({ url, server }) => create([url, server]))),
  }
}
