import type { FastifyInstance } from 'fastify'

/**
 * The prefixes of a mount. Slashes before a script are merged (MAP-1), but to this router two of them at
 * the beginning are another path, unless it is told to ignore them.
 */
export function spellingsOf(fastify: FastifyInstance, mount: string): string[] {
  const { ignoreDuplicateSlashes = false, routerOptions } = fastify.initialConfig
  const isMerged = routerOptions?.ignoreDuplicateSlashes ?? ignoreDuplicateSlashes
  return isMerged || fastify.prefix !== '' || mount === '/' ? [mount] : [mount, `/${mount}`]
}
