import type { RequestRecord } from '../journal/request-record.js'

/** How a request that has ended came out. `left`: its client did not wait for all of it. */
export type Outcome = 'done' | 'failed' | 'left'

/** Judges a request that has ended. */
export function outcomeOf(record: RequestRecord): Outcome {
  if (record.isAborted) return 'left'
  const { status = 0, error, exitCode, signal } = record
  const hasFailed = status >= 500 || error !== undefined || Boolean(exitCode) || Boolean(signal)
  return hasFailed ? 'failed' : 'done'
}

/** What went wrong, in a sentence; undefined where all was well. */
export function explainOutcome(record: RequestRecord): string | undefined {
  switch (outcomeOf(record)) {
    case 'done':
      return undefined
    case 'left':
      return 'The client did not wait for the end.'
    case 'failed':
      return withPeriod(record.error ?? describeEnd(record))
  }
}

function describeEnd({ exitCode, signal }: RequestRecord): string {
  if (typeof signal === 'string') return `The script was ended by ${signal}`
  if (exitCode) return `The script ended with exit code ${exitCode}`
  return 'The answer says that something failed'
}

function withPeriod(sentence: string): string {
  return /[.!?…)]$/.test(sentence) ? sentence : `${sentence}.`
}
