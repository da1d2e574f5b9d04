import { strict as assert } from 'node:assert'
import type { Case, Exchange } from './case.js'
import type { Response } from './response.js'

/** What a case says about the exchange. */
type Expectation = Case['expect']

/** All of these hold. */
export function all(...expectations: readonly Expectation[]): Expectation {
  return (exchange) => {
    for (const expect of expectations) expect(exchange)
  }
}

/** At least one of these holds: the source leaves the choice. */
export function either(...expectations: readonly Expectation[]): Expectation {
  return (exchange) => {
    const failures: string[] = []
    for (const expect of expectations) {
      try {
        expect(exchange)
        return
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
      }
    }
    assert.fail(failures.join('\nnor: '))
  }
}

/** The only response of the exchange, whole, on a connection that the server has then closed. */
export function onlyResponse(exchange: Exchange): Response {
  const responses = exchange.responses()
  const [response] = responses
  assert.ok(response !== undefined, `nothing was answered; the connection was ${exchange.end}`)
  assert.equal(responses.length, 1, `there are ${responses.length} answers:\n${exchange.received}`)
  assert.ok(response.isComplete, `the answer is cut off:\n${exchange.received}`)
  // A reset after a whole answer is how a server leaves a client that sends what nobody reads.
  assert.notEqual(exchange.end, 'open', `the connection stays open after:\n${exchange.received}`)
  return response
}

/** One answer, with one of these status codes. */
export function answers(...codes: readonly number[]): Expectation {
  return (exchange) => {
    const response = onlyResponse(exchange)
    const isOne = codes.includes(response.status)
    assert.ok(isOne, `the status is ${response.status}, not ${codes.join(' or ')}`)
  }
}

/** One answer with one of these status codes, and no script has been run for it. */
export function refuses(...codes: readonly number[]): Expectation {
  return (exchange) => {
    answers(...codes)(exchange)
    assert.doesNotMatch(exchange.received, /secret|\r\n\r\n[^]*^(?:report|variable)\b/m)
  }
}

/** The script's output is no response: an error of the server, and nothing of what was said. */
export const failsScript: Expectation = (exchange) => {
  answers(500, 502)(exchange)
  assert.doesNotMatch(exchange.received, /secret/i)
}

/** The connection is closed without an answer, or with an error. */
export const refusesOrCloses: Expectation = (exchange) => {
  if (exchange.received === '') assert.notEqual(exchange.end, 'open')
  else refuses(400, 411, 413, 431, 501)(exchange)
}

export function status(code: number, reason?: string): Expectation {
  return (exchange) => {
    const response = onlyResponse(exchange)
    assert.equal(response.status, code)
    if (reason !== undefined) assert.equal(response.reason, reason)
  }
}

/** The values of a field of the answer; none: it is not there. */
export function field(name: string, ...values: readonly string[]): Expectation {
  return (exchange) => assert.deepEqual(onlyResponse(exchange).all(name), values, name)
}

export function body(expected: string | RegExp): Expectation {
  return (exchange) => {
    const { body: actual } = onlyResponse(exchange)
    if (typeof expected === 'string') assert.equal(actual, expected)
    else assert.match(actual, expected)
  }
}

/** Nothing of what was received looks like this. */
export function never(pattern: RegExp): Expectation {
  return ({ received }) => assert.doesNotMatch(received, pattern)
}

/** Several answers on one connection, all of them whole. */
export function sequence(
  ...expected: readonly [code: number, body: string | RegExp][]
): Expectation {
  return (exchange) => {
    const responses = exchange.responses()
    const seen = responses.map((response) => response.status)
    assert.deepEqual(
      seen,
      expected.map(([code]) => code),
      exchange.received,
    )
    for (const [index, [, wanted]] of expected.entries()) {
      const response = responses[index]
      assert.ok(response?.isComplete, `answer ${index + 1} is cut off`)
      if (typeof wanted === 'string') assert.equal(response.body, wanted)
      else assert.match(response.body, wanted)
    }
    assert.notEqual(exchange.end, 'open', 'the connection stays open')
  }
}

/** What a script saw of a request. */
interface Report {
  readonly variables: ReadonlyMap<string, string>
  readonly arguments: readonly string[]
  readonly folder: string
  readonly input: string
}

/** Reads what `report.cgi` printed; all as byte strings. */
function readReport(text: string): Report {
  assert.match(text, /^report\n[^]*\nend\n$/, 'this is not a whole report')
  const seen = new Map<string, string>()
  const args: string[] = []
  let [cwd, stdin] = ['', '']
  for (const line of text.split('\n')) {
    const [, kind, rest = ''] = /^(\w+) (.*)$/.exec(line) ?? []
    const [name = '', value = ''] = rest.split('=').map(decode)
    if (kind === 'variable') seen.set(name, value)
    else if (kind === 'argument') args.push(name)
    else if (kind === 'folder') cwd = name
    else if (kind === 'input') stdin = name
  }
  return { variables: seen, arguments: args, folder: cwd, input: stdin }
}

function decode(text: string): string {
  return text.replace(/%([\dA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** A script was run, and what it saw is right. */
export function report(check: (report: Report, exchange: Exchange) => void): Expectation {
  return (exchange) => {
    const response = onlyResponse(exchange)
    assert.equal(response.status, 200)
    check(readReport(response.body), exchange)
  }
}

/** Not there, or empty: RFC 3875 section 4.1 does not tell the one from the other. */
export const UNSET = Symbol('unset')

type Expected = string | RegExp | typeof UNSET

/** A script was run and saw these variables. */
export function variables(expected: Readonly<Record<string, Expected>>): Expectation {
  return report((seen) => {
    for (const [name, wanted] of Object.entries(expected)) {
      const value = seen.variables.get(name)
      if (wanted === UNSET) assert.equal(value ?? '', '', name)
      else if (typeof wanted === 'string') assert.equal(value, wanted, name)
      else assert.match(value ?? '', wanted, name)
    }
  })
}

/** A script was run, and its whole environment has none of this. */
export function nowhere(pattern: RegExp): Expectation {
  return report(({ variables: seen }) => {
    for (const [name, value] of seen) assert.doesNotMatch(`${name}=${value}`, pattern)
  })
}

/** A script was run and read this, up to the end of its input. */
export function input(
  expected: string,
  length: string | typeof UNSET = String(expected.length),
): Expectation {
  return all(
    variables({ CONTENT_LENGTH: length }),
    report((seen) => assert.equal(seen.input, expected)),
  )
}
