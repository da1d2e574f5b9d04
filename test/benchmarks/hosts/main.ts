import { warm } from '@common-gateway/warm'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { StartApplication } from './application.js'
import { createBallast } from './ballast.js'
import { startChildProcess } from './child-process.js'
import { startExpress, startExpressWithClasses } from './express.js'
import { startFastify } from './fastify.js'
import { memorySpawner } from './memory-spawner.js'
import type { Answers, HostSetup, Question } from './question.js'
import { phpBy } from './php.js'
import { RequestWatch } from './request-watch.js'
import { watchStarts } from './start-watch.js'

/**
 * A Node server in a process of its own. Started by fork() with its setup in JSON; sends its port, and an
 * answer to each question.
 */
const APPLICATIONS: Readonly<Record<string, StartApplication>> = {
  child_process: startChildProcess,
  express: startExpress,
  'express-classes': startExpressWithClasses,
  fastify: startFastify,
}

const setup = JSON.parse(process.argv[2] ?? '') as HostSetup
const start = APPLICATIONS[setup.framework]
if (start === undefined) throw new Error(`no application is called ${setup.framework}`)

const ballast = createBallast(setup.megabytes)
const spawner =
  setup.hasMemorySpawner === true
    ? { spawner: memorySpawner }
    : setup.isWarm === true
      ? { spawner: warm() }
      : {}
const interpreters = setup.php === undefined ? {} : { interpreters: { '.php': phpBy(setup.php) } }
const server = await start({ ...setup.options, ...spawner, ...interpreters, root: setup.root })
let watch: RequestWatch | undefined

const answers: { [Name in Question]: () => Answers[Name] | Promise<Answers[Name]> } = {
  memory() {
    globalThis.gc?.()
    return { resident: process.memoryUsage.rss(), proportional: proportionalSetSize() }
  },
  watch() {
    watch = new RequestWatch(server)
    return null
  },
  stretches: () => watch?.end() ?? [],
  starts: () => watchStarts(setup.framework, path.join(setup.root, 'small-c.cgi')),
}

function proportionalSetSize(): number {
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8')
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024
}

async function answer(question: Question): Promise<void> {
  process.send?.({ answer: await answers[question]() })
}

process.on('message', (question: Question) => void answer(question))
process.on('disconnect', () => {
  // Scripts end with their clients, and the process with the last of them.
  server.close(() => process.exit(ballast.length === setup.megabytes ? 0 : 1))
  server.closeAllConnections()
})
process.send?.({ port: (server.address() as { port: number }).port })
