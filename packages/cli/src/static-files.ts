import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { realpath } from 'node:fs/promises'
import path from 'node:path'

/**
 * Serves a folder's files, except what must never be sent: the scripts in it, by whatever name or
 * link they are asked for, files that begin with a dot, and what lies outside the folder.
 *
 * @param folder - absolute real path.
 * @param scripts - the folder of the scripts, be it there or not: it may be made later.
 */
export async function serveStaticFiles(
  app: FastifyInstance,
  folder: string,
  scripts: string,
): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    dotfiles: 'ignore',
    redirect: true,
    // The file is judged and not the URL: the many spellings of a URL end in few files.
    onFile: async (file) => {
      const [realFile, realScripts] = await Promise.all([
        realpath(file),
        realpath(scripts).catch(() => scripts),
      ])
      const isScript = isInside(file, scripts) || isInside(realFile, realScripts)
      if (isScript || !isInside(realFile, folder)) throw new NotServedError()
    },
  })
  // In the place of the plugin's own route, which does not find what has an escaped `&` or `+` in
  // its name.
  app.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    handler(request, reply) {
      const name = decodePath(request.raw.url ?? '/')
      if (name === null) reply.callNotFound()
      else reply.sendFile(name)
    },
  })
}

/** The name that a URL has on disk, from the folder; null where it can have none. */
function decodePath(url: string): string | null {
  const [urlPath = ''] = url.split('?', 1)
  try {
    const segments = urlPath.split('/').map((segment) => decodeURIComponent(segment))
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? null : segments.join('/')
  } catch {
    return null
  }
}

/** Answered as if there were no such file, so that nobody learns that there is one. */
class NotServedError extends Error {
  readonly statusCode = 404
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}
