import { CgiError, type CgiHandler } from '@common-gateway/core'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'

/**
 * Prevents `@fastify/static` from sending scripts. With `wildcard: false` it adds a route for each file that it
 * finds, and such a route takes precedence over the gateway's, which has a wildcard.
 *
 * @param place - the path that the gateway is mounted at.
 */
export function guardFileRoutes(
  fastify: FastifyInstance,
  place: string,
  handler: Pick<CgiHandler, 'findMount' | 'isKept'>,
): void {
  const guard: onRequestHookHandler = (request, _reply, done) => {
    // Not the URL of the request, which the router may read in another way. The route has no escapes.
    const path = (request.routeOptions.url ?? '/').split('/').map(encodeURIComponent).join('/')
    const mount = handler.findMount(path, '', place)
    if (mount === null || !handler.isKept(path, mount)) return done()
    const reason = 'a route of @fastify/static would send the file: exclude it with `globIgnore`'
    done(new CgiError('CGI_ERR_NOT_FOUND', { reason }))
  }
  fastify.addHook('onRoute', (route) => {
    if (sendsFile(route)) route.onRequest = [guard, route.onRequest ?? []].flat()
  })
  // onRoute hooks do not run for the routes that it has added before.
  if (!fastify.hasPlugin('@fastify/static')) return
  fastify.addHook('onRequest', (request, reply, done) => {
    if (sendsFile(request.routeOptions)) guard.call(fastify, request, reply, done)
    else done()
  })
}

/** Whether a route is one of `@fastify/static` for one file. */
function sendsFile({ config }: { readonly config?: unknown }): boolean {
  return typeof config === 'object' && config !== null && 'rootPath' in config
}
