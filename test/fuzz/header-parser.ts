import { CgiError } from '@common-gateway/core'
import { createHeaderParser, type ScriptHeader } from '@common-gateway/core/steps'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { scriptOutput } from './header-block.js'
import { createProperty } from './property.js'

/** What a reader makes of the output of a script. */
type Outcome =
  | { readonly fields: ScriptHeader['fields']; readonly statusLine?: string; readonly rest: string }
  | { readonly code: string; readonly line: number | undefined }
  | null

/** Output, a limit for its header, and the places where it is cut, in 1000 parts of the whole. */
interface Input {
  readonly output: string
  readonly limit: number
  readonly cuts: readonly number[]
}

const output = fc.oneof(
  { weight: 20, arbitrary: scriptOutput },
  // Lines as long as the default limit.
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 65_500, max: 65_540 })
      .map((length) => `X: ${'v'.repeat(length)}\n\n`),
  },
)

/** Limits at which a reader may disagree with itself are around the ends of lines. */
const input: fc.Arbitrary<Input> = fc
  .tuple(output, fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }), fc.nat(), fc.nat({ max: 9 }))
  .map(([text, cuts, choice, way]) => {
    const ends = [...text.matchAll(/\n/g)].map((match) => match.index)
    const near = (ends[choice % (ends.length || 1)] ?? 0) + (choice % 5) - 2
    return { output: text, limit: way < 6 ? 64 * 1024 : Math.max(1, near), cuts }
  })

function parse(chunks: readonly string[], limit: number): Outcome {
  const parser = createHeaderParser({ maxHeaderSize: limit })
  try {
    for (const [index, chunk] of chunks.entries()) {
      const header = parser.push(Buffer.from(chunk, 'latin1'))
      if (header === null) continue
      const { fields, statusLine } = header
      const rest = header.rest.toString('latin1') + chunks.slice(index + 1).join('')
      return { fields, rest, ...(statusLine === undefined ? {} : { statusLine }) }
    }
    return null
  } catch (error) {
    if (!(error instanceof CgiError)) throw error
    return { code: error.code, line: error.line }
  }
}

function cut(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((each) => Math.round((each * text.length) / 1000))
  const sorted = [0, ...places.toSorted((one, other) => one - other), text.length]
  return sorted.slice(1).map((end, index) => text.slice(sorted[index], end))
}

/**
 * Reads a header as RFC 3875 section 6.3 and HDR-1 say, all of it at once, as plainly as can be: it is
 * what the parser is held against.
 */
function readPlainly(text: string, limit: number): Outcome {
  const lines = text.split('\n')
  const values: { name: string; pieces: string[] }[] = []
  let statusLine: string | undefined
  let end = 0
  for (const [index, whole] of lines.entries()) {
    const isComplete = index < lines.length - 1
    end += whole.length + (isComplete ? 1 : 0)
    if (end > limit) return { code: 'CGI_ERR_HEADER_TOO_LARGE', line: index + 1 }
    if (!isComplete) return null
    const bad = { code: 'CGI_ERR_BAD_HEADER', line: index + 1 }
    const line = whole.replace(/\r$/, '')
    if (line === '') {
      return {
        fields: values.map(({ name, pieces }) => [name, pieces.filter(Boolean).join(' ')]),
        rest: text.slice(end),
        ...(statusLine === undefined ? {} : { statusLine }),
      }
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(line)) return bad
    const status = /^HTTP\/[0-9](\.[0-9])?[\t ]+(?<status>.*)$/.exec(line)?.groups?.['status']
    const field = /^(?<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+):(?<value>.*)$/.exec(line)?.groups
    if (/^[\t ]/.test(line)) {
      const last = values.at(-1)
      if (last === undefined) return bad
      last.pieces.push(trim(line))
    } else if (index === 0 && status !== undefined) {
      statusLine = trim(status)
    } else if (field !== undefined) {
      values.push({ name: field['name'] ?? '', pieces: [trim(field['value'] ?? '')] })
    } else {
      return bad
    }
  }
  return null
}

function trim(text: string): string {
  return text.replace(/^[\t ]+/, '').replace(/[\t ]+$/, '')
}

export const headerParserProperties = [
  createProperty('HDR-1 a header is the same however its bytes are split', input, (given) => {
    const whole = parse([given.output], given.limit)
    assert.deepEqual(parse(cut(given.output, given.cuts), given.limit), whole)
    if (given.output.length < 500)
      assert.deepEqual(parse(given.output.split(''), given.limit), whole)
  }),
  createProperty('HDR-1 a header is what a plain reader makes of it', input, (given) => {
    const read = parse([given.output], given.limit)
    assert.deepEqual(read, readPlainly(given.output, given.limit))
  }),
]
