import type { Contestant } from './contestant.js'
import { createEntries, type Entry, type Started, warmUpCounts } from './entries.js'
import type { Fleet } from './fleet.js'
import type { Result, Row } from './result.js'
import type { Effort, Figures, Scenario } from './scenario.js'
import type { BenchmarkSite } from './site.js'
import { orderOfRound } from './statistics.js'

/** An entry and what has come of it so far. */
interface Course extends Entry {
  readonly rounds: Figures[]
  started: Started | undefined
  warmUp: readonly number[]
  failure?: string
}

interface RunOptions {
  readonly site: BenchmarkSite
  readonly fleet: Fleet
  readonly effort: Effort
  /** Which code is measured. */
  readonly tree: string
  readonly say: (text: string) => void
}

/**
 * Measures in rounds: in each, every server has its turn, so that what else happens on the machine meets
 * all of them. All run all the time, unless they have to be fresh; one that waits costs nothing.
 */
export async function runScenario(
  scenario: Scenario,
  contestants: readonly Contestant[],
  { site, fleet, effort, tree, say }: RunOptions,
): Promise<Result> {
  const { times = {} } = scenario
  const seconds = effort.seconds * (times.seconds ?? 1)
  const rounds = effort.rounds * (times.rounds ?? 1)
  const counts = warmUpCounts(scenario, fleet, effort.warmUp)
  const entries = createEntries(scenario, contestants, { site, fleet })
  const courses = entries.map((entry): Course => {
    return { ...entry, rounds: [], started: undefined, warmUp: [] }
  })
  const attempt = async (course: Course, work: () => Promise<void>): Promise<void> => {
    if (course.failure !== undefined) return
    try {
      await work()
    } catch (error) {
      course.failure = error instanceof Error ? error.message : String(error)
      say(`${course.server}: ${course.failure}`)
    }
  }
  const stop = async (course: Course): Promise<void> => {
    await course.started?.close()
    course.started = undefined
  }
  const isFresh = scenario.processes === 'fresh'
  try {
    for (const course of isFresh ? [] : courses) {
      await attempt(course, async () => {
        course.started = await course.start()
        course.warmUp = await course.started.warmUp(effort.warmUp)
        say(`${course.server} ${course.megabytes} MB is warm: ${course.warmUp.join(' + ')}`)
      })
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const course of orderOfRound(courses, round)) {
        await attempt(course, async () => {
          course.started ??= await course.start()
          const figures = await course.started.measure({ ...effort, seconds, rounds })
          course.rounds.push(figures)
          say(`${course.server} ${course.megabytes} MB: ${JSON.stringify(figures)}`)
        })
        if (isFresh) await stop(course)
      }
    }
  } finally {
    await Promise.all(courses.map(stop))
  }
  const rows = courses.map((course) => toRow(course, counts))
  const date = new Date().toISOString()
  return { scenario: scenario.id, date, tree, warmUp: counts, rows }
}

function toRow(course: Course, counts: readonly number[]): Row {
  const { server, megabytes, rounds, warmUp, failure } = course
  const isShort = warmUp.some((requests, index) => requests < (counts[index] ?? 0))
  return {
    server,
    megabytes,
    ...(isShort ? { warmUp } : {}),
    rounds,
    ...(failure === undefined ? {} : { failure }),
  }
}
