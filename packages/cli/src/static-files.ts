import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { isPublished } from './publication.js'
import type { Site } from './site.js'
import { decodePath } from './site-path.js'

/** Serves a folder's files, except what must never be sent and files that begin with a dot. */
export async function serveStaticFiles(app: FastifyInstance, site: Site): Promise<void> {
  await app.register(fastifyStatic, {
    root: site.folder,
    serve: false,
    dotfiles: 'ignore',
    redirect: true,
    index: ['index.html', 'index.htm'],
    onFile: (file) => {
      if (!isPublished(file, site)) throw new NotServedError()
    },
  })
  // In the place of the plugin's own route, which does not find what has an escaped `&` or `+` in
  // its name.
  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler(request, reply) {
      const [urlPath = ''] = (request.raw.url ?? '/').split('?', 1)
      const segments = decodePath(urlPath)
      if (segments === null) reply.callNotFound()
      else reply.sendFile(segments.join('/'))
    },
  })
}

/** Answered as if there were no such file, so that nobody learns that there is one. */
class NotServedError extends Error {
  readonly statusCode = 404
}
