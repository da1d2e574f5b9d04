import { readFile, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Machine } from './machine.js'
import type { Result } from './result.js'

/** All that has been measured on one machine. */
export interface BenchmarkRecord {
  readonly machine: Machine
  /** What each server is, by name. */
  readonly servers: Readonly<Record<string, string>>
  readonly results: readonly Result[]
}

export function findResult(record: BenchmarkRecord, scenario: string): Result | undefined {
  return record.results.find((each) => each.scenario === scenario)
}

/**
 * Takes over what an older record has of other scenarios, if it was made on the same machine, and servers that
 * both name are the same. Each result says by itself which code it measured.
 */
export function merge(old: BenchmarkRecord | null, record: BenchmarkRecord): BenchmarkRecord {
  if (old === null) return record
  if (!isDeepStrictEqual(old.machine, record.machine)) return record
  const servers = { ...old.servers, ...record.servers }
  if (!isDeepStrictEqual({ ...record.servers, ...old.servers }, servers)) return record
  const measured = new Set(record.results.map(({ scenario }) => scenario))
  const kept = old.results.filter(({ scenario }) => !measured.has(scenario))
  return { ...record, servers, results: [...kept, ...record.results] }
}

export async function readRecord(file: string): Promise<BenchmarkRecord | null> {
  try {
    // It was written by the function below.
    return JSON.parse(await readFile(file, 'utf8')) as BenchmarkRecord
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

export async function writeRecord(file: string, record: BenchmarkRecord): Promise<void> {
  await writeFile(file, `${JSON.stringify(record, null, 1)}\n`)
}
