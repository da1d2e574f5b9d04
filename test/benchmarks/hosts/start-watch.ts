import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { processLogger } from '@internal/core/data/logger.js'
import { chooseSpawner } from '@internal/core/process/spawner-choice.js'
import { LoopWatch } from './loop-watch.js'

/** Starts a program. Resolves when it has been started, with what to wait for: its end. */
type Start = (program: string) => Promise<{ readonly end: Promise<unknown> }>

const STARTS = 60
/** Those that find nothing ready: code that was never run, memory that was never used. */
const FIRST = 10

/** What each start of a program keeps the event loop busy for, from the call to its being started, in milliseconds. */
export async function watchStarts(framework: string, program: string): Promise<readonly number[]> {
  const start = framework === 'child_process' ? startByNode : startByGateway()
  const loop = new LoopWatch()
  const stretches: number[] = []
  for (let count = 0; count < STARTS; count += 1) {
    loop.begin()
    const { end } = await start(program)
    stretches.push(await loop.finish())
    await end
  }
  loop.close()
  return stretches.slice(FIRST)
}

const startByNode: Start = async (program) => {
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: {} })
  child.stdout.resume()
  child.stderr.resume()
  await once(child, 'spawn')
  return { end: once(child, 'close') }
}

function startByGateway(): Start {
  const spawner = chooseSpawner('auto', processLogger)
  return async (program) => {
    const { stdout, stderr, exit } = await spawner.spawn({
      command: [program],
      cwd: '/',
      environment: {},
      stdin: 'null',
    })
    for (const output of [stdout, stderr]) {
      output.readBy({ data() {}, end() {}, error() {} })
      output.resume()
    }
    return { end: exit }
  }
}
