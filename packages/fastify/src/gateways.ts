import { CgiError, type CgiHandler } from '@common-gateway/core'
import type { FastifyInstance } from 'fastify'
import { guardFileRoutes } from './file-routes.js'

/** The gateways of an instance by the path they are mounted at: `app.cgi.get('/cgi-bin')`. */
export type Gateways = ReadonlyMap<string, Pick<CgiHandler, 'stats'>>

/**
 * Refuses `fastify.register(cgi(options))`, which calls the plugin itself with the options.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function checkRegistered(fastify: unknown): void {
  if (typeof fastify === 'object' && fastify !== null && 'register' in fastify) return
  throw wrongUse('Register the plugin itself: fastify.register(cgi, options), not cgi(options)')
}

/**
 * Refuses the option that the middleware has, and that Fastify has itself.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function checkOptions(options: Readonly<Record<string, unknown>>): void {
  if (options['trustProxy'] !== undefined)
    throw wrongUse('Give the `trustProxy` option to Fastify(), not to the gateway')
}

/**
 * The prefix of a gateway, for {@link FastifyInstance.register}: the one it is registered with, or else its own,
 * unless the plugin around it has one.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function chooseMount(
  fastify: FastifyInstance,
  prefix: string | undefined,
  ownPrefix: string,
): string {
  if (fastify.prefix !== '') return withSlash(prefix ?? '')
  // Fastify treats an empty prefix as none, but the caller may well mean the root.
  if (prefix === '') throw wrongUse("Expected the `prefix` option to be '/' for the root, got ''")
  return withSlash(prefix ?? ownPrefix)
}

/** Fastify puts the slash before a prefix that has none. */
function withSlash(prefix: string): string {
  return prefix === '' || prefix.startsWith('/') ? prefix : `/${prefix}`
}

/**
 * Adds a gateway to those of an instance.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION if the path has a gateway or a route already
 */
export function addGateway(
  fastify: FastifyInstance,
  mount: string,
  handler: CgiHandler<never>,
): void {
  if (!fastify.hasDecorator('cgi')) fastify.decorate('cgi', new Map())
  else if (!(fastify.cgi instanceof Map))
    throw new Error('The decorator `cgi` exists and does not belong to this plugin')
  // The type is read-only for the application.
  const gateways = fastify.cgi as Map<string, Pick<CgiHandler, 'stats'>>
  const place = (fastify.prefix + mount).replace(/\/+$/, '')
  if (gateways.has(place))
    throw wrongUse(`Two gateways are mounted at ${place === '' ? '/' : place}`)
  for (const url of [`${place}/`, `${place}/*`]) {
    if (!fastify.hasRoute({ method: 'GET', url })) continue
    throw wrongUse(`A route at ${url} already exists: give the gateway or the route another prefix`)
  }
  guardFileRoutes(fastify, place, handler)
  gateways.set(place, { stats: () => handler.stats() })
}

function wrongUse(message: string): CgiError {
  return new CgiError('CGI_ERR_INVALID_OPTION', {}, message)
}
