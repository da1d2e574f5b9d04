import type { FastifyInstance } from 'fastify'
import { PassThrough } from 'node:stream'
import { HEADERS, refuseOthers } from '../access/local-only.js'
import type { RequestJournal } from '../journal/request-journal.js'
import type { Site } from '../site/site.js'
import { createSourceCheck } from '../site/source-check.js'
import { writeMessage } from '../text/command-message.js'
import { FileWatch } from './file-watch.js'
import { ScriptChanges } from './script-changes.js'
import { addScript, dropValidators, EVENTS_PATH, SCRIPT, SCRIPT_PATH } from './page-script.js'

/** More browsers than a developer has. */
const MOST_STREAMS = 64

/** Reloads pages in browsers on this machine when a file of the site changes. */
export function reloadPages(app: FastifyInstance, site: Site, journal: RequestJournal): void {
  const streams = new Set<PassThrough>()
  /** Of the files: when they changed last. */
  let version = Date.now()
  const changes = new ScriptChanges(createSourceCheck(site))
  journal.on('end', (record) => {
    if (record.isScript) changes.add(record, Date.now())
  })

  const files = new FileWatch(
    foldersOf(site),
    (change) =>
      changes.isOfScript(
        change,
        [...journal.open].filter(({ isScript }) => isScript),
      ),
    () => {
      version = Date.now()
      streams.forEach((stream) => stream.write(`data: ${version}\n\n`))
    },
    (error) => writeMessage(`--watch does not see all changes: ${String(error)}`),
  )

  app.addHook('onRequest', async (request) => dropValidators(request))
  app.addHook('onSend', async (request, reply, payload) => addScript(request, reply, payload))
  app.addHook('preClose', async () => {
    files.close()
    streams.forEach((stream) => stream.end())
  })

  app.get(SCRIPT_PATH, { onRequest: refuseOthers }, (_request, reply) => {
    return reply.headers(HEADERS).type('text/javascript; charset=utf-8').send(SCRIPT)
  })

  app.get(EVENTS_PATH, { onRequest: refuseOthers, exposeHeadRoute: false }, (_request, reply) => {
    if (streams.size >= MOST_STREAMS) return reply.code(503).send('')
    const stream = new PassThrough()
    streams.add(stream)
    stream.once('close', () => streams.delete(stream))
    stream.write(`data: ${version}\n\n`)
    return reply.headers({ ...HEADERS, 'content-type': 'text/event-stream' }).send(stream)
  })
}

/** Folders that are in another one are seen there. */
function foldersOf({ folder, trees, cgiFolders }: Site): Set<string> {
  const all = [
    folder,
    ...trees.map((tree) => tree.folder),
    ...cgiFolders.map((each) => each.folder),
  ]
  return new Set(all.filter((each) => each === folder || !each.startsWith(`${folder}/`)))
}
