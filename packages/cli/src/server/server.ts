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
  /** Lets what is under way come to its end, for ten seconds at most, and ends. */
  close(): Promise<void>
}

/** Starts to serve. @throws {CommandError} that says why it cannot be done. */
export async function startServer(
  configuration: Configuration,
  journal: RequestJournal,
): Promise<RunningServer> {
  const { settings, origins } = configuration
  const site = findSite(configuration)
  const tls = await readTlsIdentity(settings)
  const hasStatus = hasStatusPage(settings)
  const authentication = await authenticationOf(settings)
  const servers: WatchedServer[] = []
  // Asked for a server for each address of a name: localhost has two.
  const serverFactory = (handler: Parameters<typeof createWatchedServer>[0]): Server => {
    const listener = authentication?.guard(handler) ?? handler
    const watched = createWatchedServer(listener, journal, tls, hasStatus)
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
      servers.forEach((each) => each.endIdle())
      const cutOff = (): void => servers.forEach((each) => each.cutOff())
      // The gateway first: it says why a script is cut off, where this looks like a client that leaves.
      setTimeout(cutOff, CLOSE_TIMEOUT + 100).unref()
      await app.close()
      journal.close()
    },
  }
}

/** Loaded only where it is asked for: the start is the quicker for it. */
async function authenticationOf({ auth }: EffectiveSettings): Promise<BasicAuthentication | null> {
  if (auth === undefined) return null
  const { openAuthentication } = await import('../authentication/open-authentication.js')
  return openAuthentication(auth)
}

/** What the gateway has against an option is for the person who gave it, in the words of the setting. */
function toReadable(error: unknown, origins: Configuration['origins']): unknown {
  if (!(error instanceof CgiError) || error.code !== 'CGI_ERR_INVALID_OPTION') return error
  const [, option, rule, value] = INVALID_OPTION.exec(error.message) ?? []
  if (option !== 'cwd' && option !== 'user') return cannotStart(error.message, error)
  const origin = origins[option]
  const where = origin === COMMAND_LINE ? `--${option}` : `"${option}" in ${origin}`
  return badArgument(`${where} must be ${rule}, but got ${value}`)
}

/** As the gateway words it. */
const INVALID_OPTION = /^Expected the `(\w+)` option to be (.+), got (.+) \(\w+\)$/s

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  await app.listen({ host, port }).catch((error: unknown) => {
    throw cannotStart(`cannot listen on port ${port} of ${host}: ${explain(error, port)}`, error)
  })
}

function explain(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' && port < 1024) return 'only the superuser may use ports below 1024'
  const message = error instanceof Error ? error.message : String(error)
  return EXPLANATIONS[code] ?? message
}

/** What the system's errors mean here; they are the ones a person can do something about. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  EACCES: 'this user is not allowed to',
  EADDRINUSE: 'another program has it; --port gives another',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAI_AGAIN: 'the name cannot be looked up',
  ENOTFOUND: 'there is no such name',
}
