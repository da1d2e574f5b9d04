import { channel, subscribe } from 'node:diagnostics_channel'
import type { Asked } from '../support/forked-process.js'
import { type Application, type Framework, ownChildren, startApplication } from './application.js'
import type { HostReply, HostQuestion, HostState } from './soaked-host.js'

/**
 * The process that is soaked. Started by fork() with the name of a framework and, in JSON, the
 * gateways' options; opens and closes applications, and says how it fares, as it is asked.
 */
const [, , framework, options = '{}'] = process.argv

const incidents: string[] = []
for (const event of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
  process.on(event, (reason: unknown) => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
    incidents.push(`${event}: ${text}`)
  })
}

const runs = { started: 0, ended: 0 }
subscribe('common-gateway:run:start', () => (runs.started += 1))
subscribe('common-gateway:run:end', () => (runs.ended += 1))

/** Channels of Node's own that a gateway might listen to. */
const CHANNELS = ['http.server.request.start', 'http.server.response.finish', 'net.server.socket']

const applications = new Map<number, Application>()
/** The most listeners that a server had when it was closed. */
const serverListeners: Record<string, number> = {}

async function answer(question: HostQuestion): Promise<HostReply> {
  if (question.type === 'open') {
    const application = await startApplication(
      // The process that has started this one has checked it.
      framework as Framework,
      JSON.parse(options) as object,
    )
    applications.set(application.port, application)
    return { port: application.port }
  }
  if (question.type === 'close') {
    const application = applications.get(question.port)
    if (application === undefined) throw new Error(`nothing is open on port ${question.port}`)
    for (const [name, count] of countListeners(application.server)) {
      serverListeners[`server ${name}`] = Math.max(serverListeners[`server ${name}`] ?? 0, count)
    }
    const underWay = [...application.underWay]
    await application.close()
    applications.delete(question.port)
    return { underWay }
  }
  if (question.collect) await collect()
  return { state: takeState() }
}

/** What has become unreachable may free more when its finalizers have run. */
async function collect(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function takeState(): HostState {
  const { rss, heapUsed, external } = process.memoryUsage()
  const stats = [...applications.values()].flatMap((each) => each.stats())
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  const heard = CHANNELS.map((name) => [`channel ${name}`, channel(name).hasSubscribers ? 1 : 0])
  const own = countListeners(process).map(([name, count]) => [`process ${name}`, count])
  return {
    residentBytes: rss,
    heapBytes: heapUsed + external,
    incidents,
    running: stats.reduce((sum, { running }) => sum + running, 0),
    queued: stats.reduce((sum, { queued }) => sum + queued, 0),
    unended: runs.started - runs.ended,
    started: runs.started,
    ownChildren: ownChildren.left,
    resources,
    listeners: { ...(Object.fromEntries([...heard, ...own]) as object), ...serverListeners },
  }
}

function countListeners(emitter: NodeJS.EventEmitter): [name: string, count: number][] {
  return emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)])
}

process.on('message', ({ id, question }: Asked<HostQuestion>) => {
  void answer(question)
    .catch((error: unknown): HostReply => ({ error: String(error) }))
    .then((reply) => process.send?.({ id, reply }))
})
process.send?.({})
