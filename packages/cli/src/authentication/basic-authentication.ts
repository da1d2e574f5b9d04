import { clientRequestOf } from '@common-gateway/core/adapter'
import type { RequestListener } from 'node:http'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'
import { readCredentials } from './credentials.js'
import { CheckQueue } from './check-queue.js'
import type { PasswordFile } from './password-file.js'

/** The user of a request. */
export interface User {
  readonly user: string
  readonly type: 'Basic'
}

/**
 * Answers 401 to every request without a name and password of the file (RFC 7617). It comes before everything
 * else, so that other clients do not learn which URLs exist.
 */
export class BasicAuthentication {
  readonly #passwords: PasswordFile
  readonly #checks = new CheckQueue()
  readonly #users = new WeakMap<object, User>()

  constructor(passwords: PasswordFile) {
    this.#passwords = passwords
  }

  /** The user of an authenticated request, also after a local redirect. */
  userOf(request: RawRequest): User | null {
    return this.#users.get(clientRequestOf(request)) ?? null
  }

  /** A listener that passes on the authenticated requests. */
  guard(listener: RequestListener): RequestListener {
    return (request, response) => {
      const credentials = readCredentials(request.headers.authorization)
      if (credentials === null) {
        refuse(response, 401)
        return
      }
      const { name } = credentials
      const decide = (verdict: boolean | 'busy'): void => {
        if (verdict === 'busy') refuse(response, 503)
        else if (!verdict) refuse(response, 401)
        else {
          this.#users.set(request, { user: name, type: 'Basic' })
          listener(request, response)
        }
      }
      const verdict = this.#checks.check(this.#passwords.read(), credentials)
      if (verdict instanceof Promise) void verdict.then(decide)
      else decide(verdict)
    }
  }
}

const FIELDS = {
  401: { 'www-authenticate': 'Basic realm="Common Gateway", charset="UTF-8"' },
  503: { 'retry-after': '1' },
}

function refuse(response: RawResponse, status: 401 | 503): void {
  const text = status === 401 ? '401 Unauthorized\n' : '503 Service Unavailable\n'
  response.statusCode = status
  const fields = { ...FIELDS[status], 'content-type': 'text/plain; charset=utf-8' }
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(text)
}
