import type { RequestRecord } from '../journal/request-record.js'

/** The result of a request. `left`: the client disconnected before the end. */
export type Outcome = 'done' | 'failed' | 'left'

/** The result of a request that has ended. */
export function outcomeOf(record: RequestRecord): Outcome {
  if (record.isAborted) return 'left'
  const { status = 0, error, exitCode, signal } = record
  const hasFailed = status >= 500 || error !== undefined || Boolean(exitCode) || Boolean(signal)
  return hasFailed ? 'failed' : 'done'
}

/** The error in a sentence; undefined if the request succeeded. */
export function explainOutcome(record: RequestRecord): string | undefined {
  switch (outcomeOf(record)) {
    case 'done':
      return undefined
    case 'left':
      return 'The client disconnected before the end.'
    case 'failed':
      return withPeriod(record.error ?? describeEnd(record))
  }
}

function describeEnd({ exitCode, signal }: RequestRecord): string {
  if (typeof signal === 'string') return `The script was killed by ${signal}`
  if (exitCode) return `The script exited with code ${exitCode}`
  return 'The response has an error status'
}

function withPeriod(sentence: string): string {
  return /[.!?…)]$/.test(sentence) ? sentence : `${sentence}.`
}
