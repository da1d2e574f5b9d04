import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Site } from '../servers/site.js'
import type { Figures } from './scenario.js'

const run = promisify(execFile)

/** A loop waits for each program to be loaded, and for its end; meanwhile the core is for another loop. */
const LOOPS_PER_CORE = 2

/** The program of `hosts/limit.c`, which {@link createSite} compiles. */
export function limitProgram(site: Site): string {
  return path.join(site.folder, 'limit')
}

/** Starts a program of the site as often as C programs can, so many at once in all. */
export async function measureLimit(
  site: Site,
  { program, connections }: { readonly program: string; readonly connections: number },
  seconds: number,
): Promise<Figures> {
  const shares = split(connections, LOOPS_PER_CORE * availableParallelism())
  const loops = await Promise.all(
    shares.map(async (share) => {
      const args = [path.join(site.cgiBin, program), String(share), String(seconds)]
      const { stdout } = await run(limitProgram(site), args)
      const [starts = Number.NaN, taken = Number.NaN, processor = Number.NaN] = stdout
        .split(' ')
        .map(Number)
      return { starts, rate: starts / taken, processor }
    }),
  )
  const sum = (key: 'starts' | 'rate' | 'processor'): number =>
    loops.reduce((total, loop) => total + loop[key], 0)
  return { requestsPerSecond: sum('rate'), processorTime: (sum('processor') * 1e6) / sum('starts') }
}

/** At most so many parts of a number, as equal as can be, none of them 0. */
export function split(number: number, most: number): readonly number[] {
  const parts = Math.min(number, most)
  return Array.from({ length: parts }, (_part, index) => Math.floor((number + index) / parts))
}
