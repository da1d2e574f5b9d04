/** The id that every server sends, also where it uses a connection again. Some applications always answer with it. */
const USUAL_ID = 1
const OTHER_ID = 2

/** What a record is to the request at hand. */
export type RecordOwner = 'this' | 'previous' | 'unknown'

/**
 * The ids of the requests of one connection, which carries one at a time. They alternate where the connection is used
 * again: bytes that an application sends late, after END_REQUEST, then do not pass for the answer to the next request.
 *
 * The first id of such a connection is 2, since nothing can be late there: an application that answers with 1 does not
 * return the id of a request, and gets 1 from then on.
 */
export class RequestIds {
  #current = USUAL_ID
  /** That of the request before; 0 without one. */
  #previous = 0
  #count = 0
  /** Undefined as long as it is not known. */
  #areReturned: boolean | undefined

  /** @param alternate - whether the connection is to be used again. */
  constructor(alternate: boolean) {
    if (!alternate) this.#areReturned = false
  }

  /** Starts a request. @returns its id. */
  next(): number {
    this.#previous = this.#count === 0 ? 0 : this.#current
    this.#count += 1
    const alternates = this.#areReturned !== false
    this.#current = alternates && this.#current === USUAL_ID ? OTHER_ID : USUAL_ID
    return this.#current
  }

  /** Which request a record belongs to. */
  ownerOf(id: number): RecordOwner {
    if (id === this.#current) {
      this.#areReturned ??= true
      return 'this'
    }
    if (this.#areReturned === undefined && id === USUAL_ID) {
      this.#areReturned = false
      this.#current = USUAL_ID
      return 'this'
    }
    return id === this.#previous ? 'previous' : 'unknown'
  }
}
