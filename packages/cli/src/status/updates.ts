import { Readable } from 'node:stream'
import type { Markup } from './markup.js'
import type { StatusParts } from './status-view.js'

/** What the updates are made of. */
export interface UpdateSource {
  /** Where a page is that shows all of it. */
  readonly sequence: number
  /** Whether what is shown grows older by the second. */
  readonly isAging: boolean
  /** The parts of the page that change as a whole. */
  parts(): StatusParts
  /** The rows of the requests that have ended since. */
  rowsAfter(sequence: number): Markup
}

/** How many pages may listen at once. */
const MOST_LISTENERS = 20
/** How often a page is told of changes, at most, in milliseconds. */
const INTERVAL = 250
/** How often it is told how old things are. */
const AGING = 1_000
/** How often the plots move on. */
const DRIFT = 5_000
/** How long nothing may be sent, so that either side finds out that the other has gone. */
const HEARTBEAT = 15_000

/** A part of the page as it was written last. */
interface Part {
  readonly text: string
  /** Which of all writings was the first to look like this. */
  readonly version: number
}

/** Tells pages that listen what has changed. Without a listener, it does nothing. */
export class StatusUpdates {
  readonly #source: UpdateSource
  /** Tells a page of another server, which had this address before, from one of ours. */
  readonly #epoch: string
  readonly #listeners = new Set<Listener>()
  #parts = new Map<string, Part>()
  #version = 0
  #writtenAt = 0
  #hasChanged = true
  #timer: NodeJS.Timeout | undefined

  constructor(source: UpdateSource, epoch: string) {
    this.#source = source
    this.#epoch = epoch
  }

  /** Where a page is that shows all there is now. */
  get cursor(): string {
    return `${this.#epoch}.${this.#source.sequence}`
  }

  /** Something is different from now on. */
  touch(): void {
    this.#hasChanged = true
  }

  /**
   * A stream of server-sent events for a page that has come this far; null where there are too many. It
   * holds one message at most: who reads slowly is told less often, and then all at once.
   */
  listen(cursor: string): Readable | null {
    if (this.#listeners.size >= MOST_LISTENERS) return null
    const [epoch, sequence] = cursor.split('.')
    const isOurs = epoch === this.#epoch && /^\d{1,15}$/.test(sequence ?? '')
    const listener = new Listener(isOurs ? Number(sequence) : undefined)
    listener.once('close', () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearInterval(this.#timer)
    })
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#timer = setInterval(() => this.#tell(), INTERVAL).unref()
    this.#hasChanged = true
    // After the reader has asked for the first time.
    setImmediate(() => this.#tell())
    return listener
  }

  /** Ends all streams. */
  close(): void {
    for (const listener of this.#listeners) listener.end()
  }

  #tell(): void {
    const age = Date.now() - this.#writtenAt
    if (this.#hasChanged || age >= DRIFT || (this.#source.isAging && age >= AGING)) this.#write()
    // Most pages have come as far as each other.
    const messages = new Map<string, string | undefined>()
    for (const listener of this.#listeners) {
      if (!listener.isReady) continue
      const { sequence = '', version } = listener
      const place = `${sequence}.${version}`
      if (!messages.has(place)) messages.set(place, this.#messageFor(listener))
      const message = messages.get(place)
      listener.sequence = this.#source.sequence
      listener.version = this.#version
      if (message !== undefined) listener.send(message)
      else if (Date.now() - listener.sentAt >= HEARTBEAT) listener.send(':\n\n')
    }
  }

  #write(): void {
    this.#version += 1
    this.#writtenAt = Date.now()
    this.#hasChanged = false
    for (const [name, { text }] of Object.entries(this.#source.parts())) {
      if (this.#parts.get(name)?.text === text) continue
      this.#parts.set(name, { text, version: this.#version })
    }
  }

  #messageFor({ sequence, version }: Listener): string | undefined {
    const fresh = [...this.#parts].filter(([, part]) => part.version > version)
    const isWhole = sequence === undefined
    const hasRows = sequence !== this.#source.sequence
    if (fresh.length === 0 && !hasRows) return undefined
    const update = {
      cursor: this.cursor,
      isWhole,
      rows: hasRows ? this.#source.rowsAfter(sequence ?? 0).text : '',
      parts: Object.fromEntries(fresh.map(([name, { text }]) => [name, text])),
    }
    return `data: ${JSON.stringify(update)}\n\n`
  }
}

/** A page that listens. */
class Listener extends Readable {
  /** The last request that it was told of; undefined where what it shows is another server's. */
  sequence: number | undefined
  /** The last writing that it was told of. */
  version = 0
  sentAt = 0
  /** Whether it has read what it was sent. */
  isReady = false

  constructor(sequence: number | undefined) {
    super({ highWaterMark: 1 })
    this.sequence = sequence
  }

  send(message: string): void {
    this.isReady = false
    this.sentAt = Date.now()
    this.push(message)
  }

  /** Ends the stream. One that is read slowly is there until its reader has come to the end. */
  end(): void {
    this.isReady = false
    this.push(null)
  }

  override _read(): void {
    this.isReady = true
  }
}
