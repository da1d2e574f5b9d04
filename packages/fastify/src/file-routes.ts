import { CgiError, type CgiHandler } from '@common-gateway/core'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'

/**
 * Keeps `@fastify/static` from sending scripts. With `wildcard: false` it makes a route for each file that
 * it finds, and such a route goes before the gateway's, which has a wildcard.
 *
 * @param place - where the gateway is.
 */
export function guardFileRoutes(
  fastify: FastifyInstance,
  place: string,
  handler: Pick<CgiHandler, 'findMount' | 'isKept'>,
): void {
  const guard: onRequestHookHandler = (request, _reply, done) => {
    // Not the URL of the request, of which routers have readings of their own. The route has no escapes.
    const path = (request.routeOptions.url ?? '/').split('/').map(encodeURIComponent).join('/')
    const mount = handler.findMount(path, '', place)
    if (mount === null || !handler.isKept(path, mount)) return done()
    const reason = 'a route of @fastify/static would send it: have `globIgnore` leave it out'
    done(new CgiError('CGI_ERR_NOT_FOUND', { reason }))
  }
  fastify.addHook('onRoute', (route) => {
    if (sendsFile(route)) route.onRequest = [guard, route.onRequest ?? []].flat()
  })
  // What it has made before is not told of any more.
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
