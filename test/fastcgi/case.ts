import type { CgiErrorCode, CgiOptions } from '@common-gateway/core'
import type { fastcgi } from '@common-gateway/fastcgi'
import type { UpstreamStats } from '@common-gateway/core/transport'
import type { Test } from 'tap'
import type { RunningGateway } from '../support/adapters.js'
import type { Answer } from '../support/answer.js'
import type { Sending } from '../support/client.js'
import type { Behaviour, Call, ScriptedUpstream } from './scripted-upstream.js'

/** The options of `fastcgi()`. */
export type FastcgiOptions = Exclude<Parameters<typeof fastcgi>[0], string | readonly string[]>

/** What a test has before it. */
export interface Stage {
  readonly gateway: RunningGateway
  readonly upstreams: readonly ScriptedUpstream[]
  /** The first one, which most tests have alone. */
  readonly upstream: ScriptedUpstream
  /** Sends a request to a path behind the mount, by default the one of the case, and receives its answer. */
  readonly send: (path?: string, sending?: Sending) => Promise<Answer>
  /** What the gateway counts of each upstream. */
  readonly stats: () => readonly UpstreamStats[]
  /** The same with this method. */
  readonly sendBy: (method: string, path?: string) => Promise<Answer>
}

/** What comes of the request of a case. */
export interface Expected {
  /** 200 by default. */
  readonly status?: number
  readonly text?: string
  /** Values of fields of the answer. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
  /** The error, as it is logged. */
  readonly code?: CgiErrorCode
  /** Of that error. */
  readonly reason?: RegExp
  /** The connection is cut in the middle of the answer. */
  readonly isCut?: true
  /** Messages of the log, in their order. */
  readonly log?: readonly (string | RegExp)[]
  /** Variables that the upstream got; undefined: those it did not get. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** How many requests each upstream got. */
  readonly seen?: readonly number[]
}

type Behaviours = readonly (Behaviour | Behaviour['answer'])[]

/** One behaviour of upstreams, one request, and what must come of it. */
export interface Case {
  /** The rule, and the claim. */
  readonly name: string
  /** The behaviour of each; a function is its answer. What has a state is made for each run. */
  readonly upstreams: Behaviours | (() => Behaviours)
  /** Where the upstreams must listen; anywhere by default. */
  readonly on?: 'tcp' | 'unix'
  /** In the place of the addresses of the upstreams. */
  readonly address?: (t: Test, upstreams: readonly ScriptedUpstream[]) => Promise<string | string[]>
  /** Not for SCGI. */
  readonly isFastcgi?: true
  /** Not for HTTP/2. */
  readonly isHttp1?: true
  readonly fastcgi?: Partial<FastcgiOptions>
  /** The option of the gateway that gets it: `script` by default; `.php` of `interpreters`. */
  readonly use?: 'transport' | 'interpreters'
  readonly gateway?: CgiOptions<never>
  readonly path?: string
  readonly request?: Sending
  readonly expected?: Expected
  /** In the place of one request. */
  readonly play?: (stage: Stage) => Promise<void>
}

export const HEADER = 'Content-Type: text/plain\n\n'

/** An upstream that answers each request with this text. */
export function says(text: string): (call: Call) => void {
  return (call) => void call.answer(text)
}

/** An upstream that answers when it has the whole body, which is its answer. */
export async function echoes(call: Call): Promise<void> {
  call.answer(await call.body())
}

/** An upstream that never answers. */
export function hangs(): void {}

/** An upstream that tells the variables of the request, one a line. */
export function tells(...names: string[]): (call: Call) => void {
  return (call) => {
    call.answer(names.map((name) => `${name}=${call.variables[name] ?? '(none)'}`).join('\n'))
  }
}
