import type { Answer, Facets } from './answer.js'

/** What one server gives: this very text, or what matches; undefined where it gives nothing. */
type Value = string | RegExp | undefined

/** What differs, by the name of what is compared: with Python, and here. */
export type Differing = Readonly<Record<string, readonly [python: Value, here: Value]>>

/** One difference of a case. */
export interface Difference {
  /** The row of docs/from-python.md that describes it, by its first column. */
  readonly row: string
  readonly differing: Differing
}

/** One thing that a client asks of both servers. */
export interface Case {
  /** Method and URL. */
  readonly ask: string
  readonly headers?: readonly string[]
  readonly body?: string
  /** The parts of the answers that are compared. Default: those that each client sees. */
  readonly read?: (answer: Answer, site: string) => Facets
  /** All that differs. What is not here has to be the same. */
  readonly differences?: readonly Difference[]
}

/** A case in which nothing differs. */
export function same(ask: string, rest: Omit<Case, 'ask' | 'differences'> = {}): Case {
  return { ask, ...rest }
}

/** A case with one difference. */
export function differs(
  row: string,
  ask: string,
  differing: Differing,
  rest: Omit<Case, 'ask' | 'differences'> = {},
): Case {
  return { ask, ...rest, differences: [{ row, differing }] }
}

/** What is wrong with what was expected of two answers; nothing, if it is as it should be. */
export function judge({ differences = [] }: Case, python: Facets, here: Facets): string[] {
  const expected = new Map(differences.flatMap(({ differing }) => Object.entries(differing)))
  const names = new Set([...Object.keys(python), ...Object.keys(here), ...expected.keys()])
  return [...names].flatMap((name) => {
    const both = `${show(python[name])} with Python, ${show(here[name])} here`
    const values = expected.get(name)
    if (values === undefined) {
      return python[name] === here[name] ? [] : [`${name} is ${both}, which is not listed`]
    }
    if (python[name] === here[name]) return [`${name} is the same now: ${show(here[name])}`]
    const isAsListed = fits(values[0], python[name]) && fits(values[1], here[name])
    return isAsListed ? [] : [`${name} is ${both}, but is listed as ${values.map(show).join(', ')}`]
  })
}

function fits(expected: Value, value: string | undefined): boolean {
  return expected instanceof RegExp ? expected.test(value ?? '') : expected === value
}

function show(value: Value): string {
  return value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? 'nothing')
}
