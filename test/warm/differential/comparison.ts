import type { Spawner } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { createPlainSpawner, createWarmSpawner } from '../warm-spawners.js'
import type { Declarations } from './declarations.js'
import { type Run, type RunResult, runScript } from './script-run.js'
import type { ScriptCase } from './script-case.js'
import { VISIBLE_DIFFERENCES } from './visible-differences.js'

/** How long a fork server may take to load its script, or to find out that it must not, in milliseconds. */
const LONGEST_START = 120_000
/** How long a fork server may take to find out which modules it shares, in milliseconds. */
const LONGEST_LEARNING = 300_000
const NOTES = 'common-gateway:warm:note'

/** A run, and which of the two requests it answered. */
interface Answer extends Run {
  readonly request: 0 | 1
}

/**
 * Runs a script plain and warm, with both requests by turns, and asserts that all runs of a request are the same.
 *
 * @returns the outputs of the plain runs.
 */
export async function compare({ declarations, requests }: ScriptCase): Promise<readonly string[]> {
  const plain = createPlainSpawner()
  // A fork server that learns for long has no request meanwhile.
  const spawner = createWarmSpawner({ after: 1, idleTimeout: 0 })
  const run = async (by: Spawner, request: 0 | 1): Promise<Answer> => {
    return { request, ...(await runScript(by, requests[request])) }
  }
  const learning = new Learning(requests[0].command.at(-1), spawner)
  try {
    const expected = [await run(plain, 0), await run(plain, 1)] as const
    // The first of them is plain: two plain runs are compared, too.
    const answers = await warmUp(spawner, () => run(spawner, 0))
    if (answers.at(-1)?.isWarm === true) {
      for (const request of [1, 0] as const) answers.push(await run(spawner, request))
      await learning.end()
      for (const request of [1, 0, 1] as const) answers.push(await run(spawner, request))
    }
    assertState(answers, declarations)
    for (const [index, { request, isWarm, result }] of answers.entries()) {
      const kind = `run ${index + 1}, request ${request + 1}, ${isWarm ? 'warm' : 'plain'}`
      assertSame(result, expected[request].result, declarations, kind)
    }
    assertDeclared(answers, expected[0].result, declarations)
    return expected.map(({ result }) => result.output)
  } finally {
    learning.close()
    await spawner.close?.()
  }
}

/** A fork server of Python loads modules after its first request, and tells how many. */
class Learning {
  #hasLoaded: boolean
  #failure: string | undefined
  readonly #spawner: Spawner
  readonly #onNote: (message: unknown) => void

  constructor(script: string | undefined, spawner: Spawner) {
    this.#hasLoaded = script?.endsWith('.py') !== true
    this.#spawner = spawner
    this.#onNote = (message) => {
      const note = message as { readonly script: string; readonly text: string } // the type of note-channel.ts
      if (note.script !== script) return
      if (/modules are shared/.test(note.text)) this.#hasLoaded = true
      if (/the trial fails|fails in the trial: (Attribute|Name|Type)Error/.test(note.text))
        this.#failure = note.text
    }
    subscribe(NOTES, this.#onNote)
  }

  /** @throws {AssertionError} where no modules are shared by a fault: all runs would be the same then. */
  async end(): Promise<void> {
    const isLearning = (): boolean =>
      !this.#hasLoaded || stateOf(this.#spawner)?.state === 'learning'
    const end = performance.now() + LONGEST_LEARNING
    while (isLearning()) {
      const { state, reason } = stateOf(this.#spawner) ?? {}
      assert.notEqual(state, 'plain', `it is not warm any more: ${reason}`)
      assert.ok(performance.now() < end, 'the fork server has not told which modules it shares')
      await delay(20)
    }
    assert.equal(this.#failure, undefined)
  }

  close(): void {
    unsubscribe(NOTES, this.#onNote)
  }
}

/** Runs a script until a fork server has run it, or is known never to. */
async function warmUp(spawner: Spawner, run: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  const end = performance.now() + LONGEST_START
  while (performance.now() < end) {
    const answer = await run()
    answers.push(answer)
    const { state, reason } = stateOf(spawner) ?? {}
    if (answer.isWarm || (state === 'plain' && answer.plainReason === reason)) return answers
    for (let looks = 0; looks < 80 && stateOf(spawner)?.state === 'learning'; looks += 1) {
      await delay(25)
    }
  }
  return answers
}

function stateOf(
  spawner: Spawner,
): { readonly state: string; readonly reason?: string | undefined } | undefined {
  return spawner.stats?.()?.scripts[0]
}

function assertState(runs: readonly Run[], { plain }: Declarations): void {
  const reason = runs.at(-1)?.plainReason ?? ''
  const isWarm = runs.some((run) => run.isWarm)
  if (plain === undefined) assert.ok(isWarm, `it is not warm: ${reason}`)
  else {
    assert.ok(!isWarm, `it is warm, although it should not be: ${plain}`)
    assert.ok(reason.startsWith(plain), `its reason is "${reason}", not "${plain}"`)
  }
}

/** Asserts that two results differ in declared parts only. */
function assertSame(
  found: RunResult,
  expected: RunResult,
  { masks, visible, isRandom }: Declarations,
  message: string,
): void {
  const hidden = [...masks, ...visible.map(({ pattern }) => pattern)]
  const [one, other] = [mask(found, hidden), mask(expected, hidden)]
  if (isRandom) {
    assert.notEqual(one.output, other.output, `${message}: the same random output`)
    assert.deepEqual(one.exit, other.exit, message)
  } else assert.deepEqual(one, other, message)
}

/** Asserts that what is declared to differ does so, and is in the list that the users read. */
function assertDeclared(
  runs: readonly Run[],
  expected: RunResult,
  { masks, visible }: Declarations,
): void {
  for (const { difference, pattern } of visible) {
    assert.ok(Object.hasOwn(VISIBLE_DIFFERENCES, difference), `not in the list: ${difference}`)
    const others = visible.filter((each) => each.pattern !== pattern).map((each) => each.pattern)
    const hidden = [...masks, ...others]
    const isSeen = runs.some(({ isWarm, result }) => {
      return (
        isWarm && JSON.stringify(mask(result, hidden)) !== JSON.stringify(mask(expected, hidden))
      )
    })
    assert.ok(isSeen, `it cannot be seen any more: ${difference}`)
  }
}

function mask(result: RunResult, patterns: readonly RegExp[]): RunResult {
  const replace = (text: string): string =>
    patterns.reduce((masked, pattern) => masked.replace(pattern, '(masked)'), text)
  const files = Object.entries(result.files).map(([name, content]) => [
    replace(name),
    replace(content),
  ])
  return {
    output: replace(result.output),
    errors: replace(result.errors),
    exit: result.exit,
    files: Object.fromEntries(files),
  }
}
