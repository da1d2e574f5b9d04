import { type ReceivedRecord, RecordReader, readPairs, TYPE } from './records.js'

/** What a request has brought so far. */
export interface RequestState {
  readonly id: number
  readonly keepsConnection: boolean
  readonly variables: Record<string, string>
  /** Bytes of STDIN. */
  length: number
}

/** What a record means to the application. */
export type Meaning =
  | {
      readonly type: 'begin' | 'params' | 'ready' | 'end' | 'abort'
      readonly request: RequestState
    }
  | { readonly type: 'data'; readonly request: RequestState; readonly data: Buffer }
  | { readonly type: 'values'; readonly names: readonly string[] }
  | { readonly type: 'nothing' }

/** What may come next of a request. */
type Phase = 'params' | 'input' | 'nothing'

/** Variables that every request has (RFC 3875 section 4.1). */
const ALWAYS = [
  'GATEWAY_INTERFACE',
  'QUERY_STRING',
  'REMOTE_ADDR',
  'REQUEST_METHOD',
  'REQUEST_URI',
  'SCRIPT_NAME',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'SERVER_SOFTWARE',
]

/** Variables of this process, which is no business of an application elsewhere. */
const NEVER = ['PATH', 'HOME', 'PWD', 'NODE_OPTIONS']

/** Reads the requests of one connection. */
export interface RequestReader {
  push(chunk: Buffer): Meaning[]
  /** The application has ended its answer. */
  answered(): void
}

/** Each variable that is missing, or that no application may get. */
export function checkVariables(
  variables: Readonly<Record<string, string>>,
  report: (fault: string) => void,
): void {
  for (const name of ALWAYS) if (!(name in variables)) report(`no ${name}`)
  for (const name of NEVER) if (name in variables) report(`${name} of this process`)
  if (variables['PATH_INFO'] === '') report('PATH_INFO is empty')
  const length = variables['CONTENT_LENGTH']
  if (length !== undefined && !/^\d+$/.test(length)) report(`CONTENT_LENGTH ${length}`)
}

/** Holds the records of one connection to the letter of the specification. */
export class RequestChecker implements RequestReader {
  readonly #records = new RecordReader()
  readonly #report: (fault: string) => void
  #phase: Phase = 'nothing'
  #isAnswered = true
  #request: RequestState = { id: 0, keepsConnection: true, variables: {}, length: 0 }

  constructor(report: (fault: string) => void) {
    this.#report = report
  }

  /** By END_REQUEST: the rest of the body need not come. */
  answered(): void {
    this.#isAnswered = true
  }

  push(chunk: Buffer): Meaning[] {
    return this.#records.push(chunk).map((record) => this.#take(record))
  }

  #take(record: ReceivedRecord): Meaning {
    if (record.version !== 1) this.#report(`version ${record.version}`)
    if (record.reserved !== 0) this.#report(`reserved byte ${record.reserved}`)
    if (record.type === TYPE.GET_VALUES) return this.#takeValues(record)
    if (record.type === TYPE.BEGIN_REQUEST) return this.#takeBegin(record)
    if (record.id !== this.#request.id)
      this.#report(`id ${record.id} in request ${this.#request.id}`)
    if (record.type === TYPE.PARAMS) return this.#takeParams(record)
    if (record.type === TYPE.STDIN) return this.#takeInput(record)
    if (record.type === TYPE.ABORT_REQUEST) {
      if (record.content.length > 0) this.#report('ABORT_REQUEST has content')
      return { type: 'abort', request: this.#request }
    }
    this.#report(`type ${record.type}`)
    return { type: 'nothing' }
  }

  #takeValues({ id, content }: ReceivedRecord): Meaning {
    if (id !== 0) this.#report(`GET_VALUES with id ${id}`)
    const found = readPairs(content)
    if (found.some(([, value]) => value !== '')) this.#report('GET_VALUES has values')
    return { type: 'values', names: found.map(([name]) => name) }
  }

  #takeBegin({ id, content }: ReceivedRecord): Meaning {
    if (!this.#isAnswered) this.#report('a request before the end of the one before')
    if (this.#phase !== 'nothing') this.#report(`BEGIN_REQUEST in the place of ${this.#phase}`)
    if (!this.#request.keepsConnection)
      this.#report('a request on a connection that is to be closed')
    if (id === 0) this.#report('a request with id 0')
    const [high, role, flags, ...reserved] = content
    if (content.length !== 8) this.#report(`BEGIN_REQUEST of ${content.length} bytes`)
    if (high !== 0 || role !== 1) this.#report(`role ${role}`)
    if (flags !== 0 && flags !== 1) this.#report(`flags ${flags}`)
    if (reserved.some((byte) => byte !== 0)) this.#report('BEGIN_REQUEST has reserved bytes')
    this.#isAnswered = false
    this.#phase = 'params'
    this.#request = { id, keepsConnection: flags === 1, variables: {}, length: 0 }
    return { type: 'begin', request: this.#request }
  }

  #takeParams({ content }: ReceivedRecord): Meaning {
    const request = this.#request
    if (this.#phase !== 'params') this.#report(`PARAMS in the place of ${this.#phase}`)
    if (content.length === 0) {
      checkVariables(request.variables, this.#report)
      this.#phase = 'input'
      return { type: 'ready', request }
    }
    try {
      for (const [name, value] of readPairs(content)) {
        if (name in request.variables) this.#report(`${name} twice`)
        if (name === '') this.#report('a variable without a name')
        request.variables[name] = value
      }
    } catch (error) {
      this.#report(`PARAMS: ${error instanceof Error ? error.message : String(error)}`)
    }
    return { type: 'params', request }
  }

  #takeInput({ content }: ReceivedRecord): Meaning {
    const request = this.#request
    if (this.#phase !== 'input') this.#report(`STDIN in the place of ${this.#phase}`)
    if (content.length > 0) {
      request.length += content.length
      return { type: 'data', request, data: content }
    }
    const announced = Number(request.variables['CONTENT_LENGTH'] ?? '0')
    if (announced !== request.length && !this.#isAnswered) {
      this.#report(`STDIN of ${request.length} bytes, CONTENT_LENGTH ${announced}`)
    }
    this.#phase = 'nothing'
    return { type: 'end', request }
  }
}
