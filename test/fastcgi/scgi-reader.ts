import { checkVariables, type Meaning, type RequestReader } from './request-checker.js'

/** Holds the request of one connection to the letter of SCGI (https://python.ca/scgi/protocol.txt). */
export class ScgiReader implements RequestReader {
  readonly #report: (fault: string) => void
  readonly #request = { id: 0, keepsConnection: false, variables: {}, length: 0 }
  #header: Buffer = Buffer.alloc(0)
  /** Bytes of the body that are to come; undefined within the header. */
  #missing: number | undefined

  constructor(report: (fault: string) => void) {
    this.#report = report
  }

  answered(): void {}

  push(chunk: Buffer): Meaning[] {
    if (this.#missing !== undefined) return this.#takeBody(chunk, this.#missing)
    this.#header = Buffer.concat([this.#header, chunk])
    const prefix = /^(0|[1-9][0-9]*):/.exec(this.#header.toString('latin1', 0, 12))
    if (prefix === null) {
      if (this.#header.length >= 12) this.#report('no netstring')
      return []
    }
    const [{ length: start }, digits] = [prefix[0], prefix[1]]
    const end = start + Number(digits)
    if (this.#header.length <= end) return []
    if (this.#header.toString('latin1', end, end + 1) !== ',') this.#report('no comma')
    const length = this.#takeVariables(this.#header.toString('latin1', start, end))
    const ready: Meaning = { type: 'ready', request: this.#request }
    return [ready, ...this.#takeBody(this.#header.subarray(end + 1), length)]
  }

  /** Returns the length of the body. */
  #takeVariables(text: string): number {
    const parts = text.split('\0')
    if (parts.pop() !== '') this.#report('no NUL at the end of the variables')
    if (parts.length % 2 !== 0) this.#report('a name without a value')
    if (parts[0] !== 'CONTENT_LENGTH') this.#report(`${parts[0]} in the place of CONTENT_LENGTH`)
    const variables: Record<string, string> = {}
    for (let index = 0; index + 1 < parts.length; index += 2) {
      const [name = '', value = ''] = parts.slice(index, index + 2)
      if (name === '' || name in variables) this.#report(`the name '${name}'`)
      variables[name] = value
    }
    if (variables['SCGI'] !== '1') this.#report('SCGI is not 1')
    checkVariables(variables, this.#report)
    const { CONTENT_LENGTH: length = '', SCGI: _, ...others } = variables
    Object.assign(this.#request.variables, others, length === '0' ? {} : { CONTENT_LENGTH: length })
    return Number(length)
  }

  #takeBody(data: Buffer, missing: number): Meaning[] {
    const wasMissing = this.#missing
    this.#missing = missing - data.length
    if (this.#missing < 0) this.#report('bytes behind the body')
    const meanings: Meaning[] = []
    if (data.length > 0) meanings.push({ type: 'data', request: this.#request, data })
    if (this.#missing === 0 && wasMissing !== 0) {
      meanings.push({ type: 'end', request: this.#request })
    }
    return meanings
  }
}
