import type { Site } from '../servers/site.js'
import type { Contestant } from './contestants.js'
import { createEntries, type Entry, type Started } from './entries.js'
import type { Result, Row } from './result.js'
import type { Effort, Figures, Scenario } from './scenario.js'
import { rotate } from './statistics.js'

/** An entry and what has come of it so far. */
interface Course extends Entry {
  readonly rounds: Figures[]
  started: Started | undefined
  failure?: string
}

/**
 * So long is each server driven before anything counts, in seconds: V8 compiles code that has been seen
 * often, and a server that has run for a day is what people have. In a hurry, less.
 */
const WARM_UP = 5
const SHORT_WARM_UP = 1

/**
 * Measures in rounds: in each, every server has its turn, so that what else happens on the machine meets
 * all of them. All run all the time; one that waits costs nothing.
 */
export async function runScenario(
  scenario: Scenario,
  contestants: readonly Contestant[],
  { site, effort, say }: { site: Site; effort: Effort; say: (text: string) => void },
): Promise<Result> {
  const courses: Course[] = createEntries(scenario, contestants, site).map((entry) => ({
    ...entry,
    rounds: [],
    started: undefined,
  }))
  const isFresh = scenario.field === 'node' && scenario.isFresh === true
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
  try {
    if (!isFresh) {
      for (const course of courses) {
        await attempt(course, async () => {
          course.started = await course.start()
          const seconds = effort.seconds > 1 ? WARM_UP : SHORT_WARM_UP
          await course.started.measure({ seconds, rounds: 1 })
        })
      }
    }
    for (let round = 0; round < effort.rounds; round += 1) {
      for (const course of rotate(courses, round * 2)) {
        await attempt(course, async () => {
          course.started ??= await course.start()
          const figures = await course.started.measure(effort)
          course.rounds.push(figures)
          say(`${course.server} ${course.megabytes} MB: ${JSON.stringify(figures)}`)
        })
        if (isFresh) await stop(course)
      }
    }
  } finally {
    await Promise.all(courses.map(stop))
  }
  return { scenario: scenario.id, date: new Date().toISOString(), rows: courses.map(toRow) }
}

function toRow({ server, megabytes, rounds, failure }: Course): Row {
  return { server, megabytes, rounds, ...(failure === undefined ? {} : { failure }) }
}
