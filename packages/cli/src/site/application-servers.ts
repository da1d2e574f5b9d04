import { findProgram } from '@common-gateway/core/steps'
import type { FastcgiOptions } from '@common-gateway/fastcgi'
import { statSync } from 'node:fs'
import type { DefaultInterpreter } from '../files/default-interpreters.js'
import { badArgument } from '../settings/command-error.js'
import type { EffectiveSettings, FastcgiSetting } from '../settings/settings.js'
import { isWords } from '../settings/values.js'

/** An application that answers every request below a URL. */
export interface Application {
  readonly url: string
  readonly server: FastcgiOptions
}

/** The application servers of a site, as `fastcgi()` takes them. */
export interface ApplicationServers {
  /** By the extension of their scripts. */
  readonly servers: Readonly<Record<string, FastcgiOptions>>
  /** The same, for scripts that are not executable: the others run by their `#!` line. */
  readonly defaultServers: Readonly<Record<string, FastcgiOptions>>
  readonly applications: readonly Application[]
}

/** The default interpreter whose processes can stay. */
const DEFAULT_WORKER = 'php-cgi'

/**
 * Reads `--fastcgi`.
 *
 * @param interpreters - those of scripts that are not executable.
 * @throws {CommandError} for a program that does not exist.
 */
export function findApplicationServers(
  settings: EffectiveSettings,
  interpreters: readonly DefaultInterpreter[],
): ApplicationServers {
  const servers: Record<string, FastcgiOptions> = {}
  const applications: Application[] = []
  for (const [name, value] of Object.entries(settings.fastcgi ?? {})) {
    const server = toServer(name, value, settings)
    if (name.startsWith('/')) applications.push({ url: name, server })
    else servers[name] = server
    if (settings.interpreter?.[name] !== undefined) {
      throw badArgument(`${name} is in both --fastcgi and --interpreter`)
    }
  }
  const given = { ...settings.interpreter, ...servers }
  const workers = interpreters.filter(({ name, extension }) => {
    return name === DEFAULT_WORKER && !Object.hasOwn(given, extension)
  })
  const defaultServers = Object.fromEntries(
    workers.flatMap(({ extension, program }) => {
      return program === undefined ? [] : [[extension, toWorkers(program, settings)]]
    }),
  )
  return { servers, defaultServers, applications }
}

/** What an application server is called on the start screen: its addresses, or its program. */
export function describeServer({ address, spawn }: FastcgiOptions): string {
  return [address ?? spawn ?? []].flat().join(address === undefined ? ' ' : ', ')
}

/** The options of a program that is kept running, with the rights and the number of scripts. */
function toWorkers(
  spawn: string | readonly string[],
  { user, 'max-processes': processes }: EffectiveSettings,
): FastcgiOptions {
  return {
    spawn,
    ...(user !== undefined && { user }),
    ...(processes !== undefined && { processes }),
  }
}

function toServer(
  name: string,
  value: FastcgiSetting,
  settings: EffectiveSettings,
): FastcgiOptions {
  if (!isWords(value)) {
    const { spawn } = value
    return spawn === undefined ? value : { ...toWorkers(spawn, settings), ...value }
  }
  const [first = '', ...args] = value
  const program = findProgram(first)
  if (program !== undefined) return toWorkers([program, ...args], settings)
  if (args.length === 0 && isAddress(first)) return { address: first }
  const advice = first.includes('/') ? '; unix: before the path is a socket that comes later' : ''
  throw badArgument(
    `--fastcgi ${name}=${first} must name an executable program, a socket or HOST:PORT${advice}`,
  )
}

/** As `fastcgi()` tells a socket from a program that is missing. */
function isAddress(text: string): boolean {
  if (/^unix:|\.sock(?:et)?$/.test(text) || !text.includes('/')) return /[:/]/.test(text)
  try {
    return statSync(text).isSocket()
  } catch {
    return false
  }
}
