import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import path from 'node:path'
import { isPublished } from './publication.js'
import type { Site } from './site.js'
import { decodePath } from './site-path.js'

/** Types that the plugin's own table does not have, or has by names of long ago (RFC 9239). */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.py': 'text/x-python; charset=utf-8',
}

/** Serves a folder's files, except what must never be sent and files that begin with a dot. */
export async function serveStaticFiles(app: FastifyInstance, site: Site): Promise<void> {
  await app.register(fastifyStatic, {
    root: site.folder,
    serve: false,
    dotfiles: 'ignore',
    redirect: true,
    index: ['index.html', 'index.htm'],
    setHeaders(reply, file) {
      const type = TYPES[path.extname(file)]
      if (type !== undefined) reply.header('content-type', type)
    },
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
