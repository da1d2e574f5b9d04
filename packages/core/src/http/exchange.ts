import type { IncomingMessage, ServerResponse } from 'node:http'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import type {
  CgiRequest,
  CgiResponse,
  CgiRun,
  LocalRedirect,
  NonParsedResponse,
  StartedRun,
} from '../data/message.js'
import { serverOf } from '../data/node-internals.js'
import { createCgiRequest, type FrameworkView } from './cgi-request.js'
import { ClientWatch } from './client-watch.js'
import { redirectRequest, trailOf } from './local-redirect.js'
import { sendNonParsed } from './non-parsed.js'
import { type FieldTarget, removeContentFields, setFields, uniteAgain } from './response-fields.js'
import { ResponseProgress } from './response-progress.js'
import { pipeBody, prepareBody } from './response-stream.js'

/**
 * A request of node:http and its response. An adapter makes one, hands its `request` to the gateway, and calls
 * the method that fits the result:
 *
 * | the gateway's `handle()`                    | call                                                        |
 * | ------------------------------------------- | ----------------------------------------------------------- |
 * | resolves with null                          | {@link pass}, then the application's next handler           |
 * | resolves with a local redirect              | {@link redirect}                                            |
 * | resolves with a response                    | {@link send}, or {@link prepare} where the framework sends  |
 * | rejects                                     | the application's error handler                             |
 *
 * @typeParam Native - the framework's own request.
 */
export class Exchange<Native = IncomingMessage> {
  /** The request, for the gateway. Its `signal` is aborted when the client goes away. */
  readonly request: CgiRequest<Native>
  readonly #client: ClientWatch
  #lists: ReturnType<typeof setFields>
  #isPrepared = false
  #run: StartedRun | undefined

  /**
   * @param message - the request; its body must not have been read.
   * @param response - its response.
   * @param view - what the framework knows of the request.
   */
  constructor(message: IncomingMessage, response: ServerResponse, view: FrameworkView<Native>) {
    const trail = trailOf(message)
    const progress =
      // The request may have been made by another copy of this package, whose state is its own.
      trail?.progress instanceof ResponseProgress ? trail.progress : new ResponseProgress()
    const client = new ClientWatch(message, response, progress)
    this.#client = client
    this.request = createCgiRequest(client, view, trail, (run) => {
      this.#run = run
    })
  }

  /** The run of the script that answers; null until it has started, and where no script runs. */
  get run(): CgiRun | null {
    return this.#run?.message ?? null
  }

  /** Leaves the request to the rest of the application. */
  pass(): void {
    this.#client.stop()
  }

  /**
   * Makes the GET that a script's local redirect asks for (RFC 3875 section 6.2.2), and hands it to the whole
   * application. Does nothing where the client cannot be answered any more.
   *
   * @param dispatch - hands a request to the application. Default: emits `'request'` on the HTTP server.
   */
  redirect(
    redirect: LocalRedirect,
    dispatch: (next: IncomingMessage) => void = (next) => this.#emitRequest(next),
  ): void {
    const { response, progress, signal } = this.#client
    // A closed response of HTTP/2 is not destroyed; the signal is aborted.
    if (response.headersSent || response.destroyed || signal.aborted) return
    progress.isBegun = true
    this.#client.expectMoreListeners()
    dispatch(redirectRequest(redirect, this.request, this.#client))
  }

  /**
   * Sends what a script answered. Resolves when it is sent, or cannot be: where the script or the client failed,
   * the connection is destroyed, so that the client does not take a part for the whole. A response that the
   * application has sent in the meantime stays, and the script's is discarded.
   *
   * @throws {CgiError} why the script did not finish its response, which has begun: no error response can be sent.
   */
  async send(answer: CgiResponse | NonParsedResponse): Promise<void> {
    const { response, progress } = this.#client
    if (answer.type === 'non-parsed') {
      await sendNonParsed(answer.body, response, progress).catch((error: unknown) => {
        if (error instanceof CgiError && !isFromClient(error)) throw error
      })
      return
    }
    if (response.headersSent) {
      this.discard(answer)
      return
    }
    this.prepare(answer, response)
    const { body } = answer
    if (body === null) {
      response.end()
    } else if (Buffer.isBuffer(body)) {
      // Node writes header and content as one where both are text; Latin-1 is bytes.
      response.end(body.toString('latin1'), 'latin1')
    } else {
      await pipeBody(body, response).catch((error: unknown) => {
        if (!isFromClient(error)) throw error
      })
    }
  }

  /**
   * Prepares a response whose body the framework sends: sets status, reason and fields. Where the framework
   * pipes the body to the response, the header goes out before the body is there, each piece of it as it comes,
   * and a body that fails breaks the response.
   *
   * @param target - where the fields are set: node:http's response, or what the framework has in front of it.
   */
  prepare(answer: CgiResponse, target: FieldTarget): void {
    const client = this.#client
    const { message, response, progress } = client
    progress.isBegun = true
    this.#isPrepared = true
    prepareBody(answer.body, response, () => client.breakResponse())
    response.statusCode = answer.status
    // HTTP/2 has no reason phrase (RFC 9113 section 8.3.2).
    if (message.httpVersionMajor < 2) response.statusMessage = answer.reason
    this.#lists = setFields(answer.headers, message.httpVersionMajor, target)
  }

  /**
   * Puts the script's part back into fields that are lists, such as `Vary`, which the application has set after
   * {@link prepare}.
   */
  restoreLists(target: FieldTarget): void {
    if (this.#lists !== undefined) uniteAgain(this.#lists, target)
  }

  /**
   * Takes from a response what {@link prepare} has left on it, where an error takes its place: something of the
   * application has held the response back until its body failed. Fields that are not about the content stay.
   *
   * @param target - what the framework has in front of node:http's response.
   */
  withdraw(target?: { removeHeader(name: string): unknown }): void {
    const { message, response } = this.#client
    if (!this.#isPrepared || response.headersSent) return
    if (message.httpVersionMajor < 2) response.statusMessage = ''
    removeContentFields(response)
    if (target !== undefined) removeContentFields(target)
  }

  /** Drops what a script answered, where the application has sent something else. */
  discard(answer: CgiResponse): void {
    const { body } = answer
    if (body !== null && !Buffer.isBuffer(body)) body.destroy()
  }

  /**
   * Ends the connection after the response, if `isToEnd` returns true when the response is finished: a connection
   * that is kept open would keep a server from closing. Responses that scripts have begun on it are finished.
   */
  endConnectionIf(isToEnd: () => boolean): void {
    this.#client.endConnectionIf(isToEnd)
  }

  #emitRequest(next: IncomingMessage): void {
    const server = serverOf(next.socket)
    if (server === undefined) throw new Error('The request came through no server of node:http')
    server.emit('request', next, this.#client.response)
  }
}

function isFromClient(error: unknown): boolean {
  return error instanceof CgiError && FROM_CLIENT.has(error.code)
}

/** The client has gone, and the log has the reason already. */
const FROM_CLIENT = new Set<CgiErrorCode>(['CGI_ERR_CLIENT_GONE', 'CGI_ERR_CLIENT_TOO_SLOW'])
