import type { FastifyInstance } from 'fastify'

/**
 * The prefixes of a mount. The gateway merges slashes before a script (MAP-1), but for Fastify's router two of them
 * at the beginning are another path, unless it is configured to ignore duplicates.
 */
export function spellingsOf(fastify: FastifyInstance, mount: string): string[] {
  const { ignoreDuplicateSlashes = false, routerOptions } = fastify.initialConfig
  const isMerged = routerOptions?.ignoreDuplicateSlashes ?? ignoreDuplicateSlashes
  return isMerged || fastify.prefix !== '' || mount === '/' ? [mount] : [mount, `/${mount}`]
}
