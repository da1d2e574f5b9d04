import { readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import type { RunningServer } from '../servers/server.js'

/** Processor time that something took, in microseconds. */
export interface ProcessorTime {
  /** Of all threads. */
  readonly all: number
  /** Of the first thread of each process that was started. */
  readonly main: number
}

/** Nanoseconds so far, by thread; proc(5) has them in `schedstat`. */
type Times = ReadonlyMap<string, number>

/**
 * The processor time of a server's own processes while something is done, without that of its scripts. Its own
 * are those of its tree that run the program of the first ones: workers and daemons are counted, and a script is
 * not, nor is the work of a child between fork and exec. Threads and processes that have ended meanwhile are lost.
 */
export async function takeProcessorTime<T>(
  { pids }: Pick<RunningServer, 'pids'>,
  work: () => Promise<T>,
): Promise<ProcessorTime & { readonly result: T }> {
  const before = await readTimes(pids)
  const result = await work()
  const after = await readTimes(pids)
  const spent = [...after].map(
    ([thread, time]) => [thread, (time - (before.get(thread) ?? 0)) / 1_000] as const,
  )
  const main = new Set(pids.map(String))
  const sum = (times: typeof spent): number => times.reduce((total, [, time]) => total + time, 0)
  return { result, all: sum(spent), main: sum(spent.filter(([thread]) => main.has(thread))) }
}

async function readTimes(pids: readonly number[]): Promise<Times> {
  const times = new Map<string, number>()
  for (const pid of await findOwn(pids)) {
    const folder = `/proc/${pid}/task`
    for (const thread of await orNothing(readdir(folder), [])) {
      const text = await orNothing(readFile(path.join(folder, thread, 'schedstat'), 'latin1'), '0')
      times.set(thread, Number(text.split(' ', 1)[0]))
    }
  }
  return times
}

/** The processes of a tree that run the same programs as the first ones. */
async function findOwn(pids: readonly number[]): Promise<readonly string[]> {
  const all = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        // proc(5): the name of the program is in parentheses, and may contain some.
        const stat = await orNothing(readFile(`/proc/${pid}/stat`, 'latin1'), '')
        return { pid, parent: stat.slice(stat.lastIndexOf(')')).split(' ')[2] ?? '' }
      }),
  )
  const tree = pids.map(String)
  for (const pid of tree) {
    tree.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid))
  }
  const programOf = (pid: string): Promise<string> =>
    orNothing(readlink(`/proc/${pid}/exe`), `none of ${pid}`)
  const programs = await Promise.all(pids.map(String).map(programOf))
  const isOwn = await Promise.all(tree.map(async (pid) => programs.includes(await programOf(pid))))
  return tree.filter((_pid, index) => isOwn[index])
}

/** A process may end at any moment. */
async function orNothing<T>(reading: Promise<T>, nothing: T): Promise<T> {
  try {
    return await reading
  } catch {
    return nothing
  }
}
