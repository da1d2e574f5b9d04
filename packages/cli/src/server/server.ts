import type { FastifyInstance } from 'fastify'
import { CgiError } from '@common-gateway/core'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.js'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import { badArgument, cannotStart } from '../settings/command-error.js'
import { COMMAND_LINE, type Configuration } from '../settings/configuration.js'
import { CLOSE_TIMEOUT } from '../site/gateways.js'
import { choosePort } from './port-choice.js'
import type { RequestJournal } from '../journal/request-journal.js'
import type { EffectiveSettings } from '../settings/settings.js'
import { findSite, type Site } from '../site/site.js'
import { hasStatusPage, STATUS_PATH } from '../access/access.js'
import { readTlsIdentity } from './tls-identity.js'
import { createWatchedServer, type WatchedServer } from './watched-server.js'

/** A server that listens. */
export interface RunningServer {
  readonly site: Site
  readonly scheme: 'http' | 'https'
  readonly port: number
  /** Path of the status page; undefined where there is none. */
  readonly statusPath: string | undefined
  /** Waits for requests in progress, for at most ten seconds, then closes. */
  close(): Promise<void>
}

/**
 * Starts the server.
 *
 * @param clientTimeout - the time that a client has for the header of a request, in milliseconds. Default:
 *   30 seconds.
 * @throws {CommandError} that says why it cannot start.
 */
export async function startServer(
  configuration: Configuration,
  journal: RequestJournal,
  clientTimeout?: number,
): Promise<RunningServer> {
  const { settings, origins } = configuration
  const site = findSite(configuration)
  const tls = await readTlsIdentity(settings)
  const hasStatus = hasStatusPage(settings)
  const authentication = await authenticationOf(settings)
  const servers: WatchedServer[] = []
  // Fastify calls it once for every address of a name: localhost has two.
  const serverFactory = (handler: Parameters<typeof createWatchedServer>[0]): Server => {
    const listener = authentication?.guard(handler) ?? handler
    const watched = createWatchedServer(listener, journal, tls, hasStatus, clientTimeout)
    servers.push(watched)
    return watched.server
  }
  const parts = { site, settings, journal, serverFactory, authentication }
  const app = await createApp(parts).catch((error: unknown) => {
    throw toReadable(error, origins)
  })
  const isFlexible = origins.port === undefined && process.stdout.isTTY
  await listen(
    app,
    settings.bind,
    await choosePort({ ...settings, host: settings.bind, isFlexible }),
  )
  return {
    site,
    scheme: tls === null ? 'http' : 'https',
    // A server that listens on a port has an address of this kind.
    port: (app.server.address() as AddressInfo).port,
    statusPath: hasStatus ? `${STATUS_PATH}/` : undefined,
    async close() {
      servers.forEach((watched) => watched.endIdle())
      const cutOff = (): void => servers.forEach((watched) => watched.cutOff())
      // After the gateway's own time-out, which reports why it stops a script; this looks like a disconnect.
      setTimeout(cutOff, CLOSE_TIMEOUT + 100).unref()
      await app.close()
      journal.close()
    },
  }
}

/** Imported only where `auth` is set, for a faster start. */
async function authenticationOf({ auth }: EffectiveSettings): Promise<BasicAuthentication | null> {
  if (auth === undefined) return null
  const { openAuthentication } = await import('../authentication/open-authentication.js')
  return openAuthentication(auth)
}

/** The gateway's error about an option, as an error about the setting it comes from. */
function toReadable(error: unknown, origins: Configuration['origins']): unknown {
  if (!(error instanceof CgiError) || error.code !== 'CGI_ERR_INVALID_OPTION') return error
  const [, option, rule, value] = INVALID_OPTION.exec(error.message) ?? []
  if (option !== 'cwd' && option !== 'user') return cannotStart(error.message, error)
  const origin = origins[option]
  const where = origin === COMMAND_LINE ? `--${option}` : `"${option}" in ${origin}`
  return badArgument(`${where} must be ${rule}, but got ${value}`)
}

/** The message of CGI_ERR_INVALID_OPTION. */
const INVALID_OPTION = /^Expected the `(\w+)` option to be (.+), got (.+) \(\w+\)$/s

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  await app.listen({ host, port }).catch((error: unknown) => {
    throw cannotStart(`cannot listen on port ${port} of ${host}: ${explain(error, port)}`, error)
  })
}

function explain(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' && port < 1024) return 'only root can use ports below 1024'
  const message = error instanceof Error ? error.message : String(error)
  return EXPLANATIONS[code] ?? message
}

/** Explanations of the system errors that the user can fix. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'already in use; choose another with --port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAI_AGAIN: 'the name cannot be resolved',
  ENOTFOUND: 'the name does not exist',
}
