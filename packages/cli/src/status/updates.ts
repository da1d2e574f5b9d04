import type { Readable } from 'node:stream'
import type { Markup } from '../text/markup.js'
import type { StatusParts } from './status-view.js'
import { UpdateStream } from './update-stream.js'

/** The sources of an update. */
export interface UpdateSource {
  /** The cursor of a page that shows everything. */
  readonly sequence: number
  /** Whether the page shows ages, which change every second. */
  readonly isAging: boolean
  /** The parts of the page that change as a whole. */
  parts(): StatusParts
  /** The rows of the requests that have ended since a sequence number. */
  rowsAfter(sequence: number): Markup
}

/** The most pages that can listen at once. */
const MOST_LISTENERS = 20
/** The shortest time between two updates, in milliseconds. */
const INTERVAL = 250
/** The time between two updates of ages, in milliseconds. */
const AGING = 1_000
/** The time between two updates of the plots, in milliseconds. */
const DRIFT = 5_000
/** The time after which a comment is sent, so that both sides detect a lost connection. */
const HEARTBEAT = 15_000

/** The latest HTML of a part of the page. */
interface Part {
  readonly text: string
  /** The version in which the part got this HTML. */
  readonly version: number
}

/** Sends changes to the pages that listen. Does nothing without a listener. */
export class StatusUpdates {
  readonly #source: UpdateSource
  /** Identifies this server: a page may come from an earlier server at the same address. */
  readonly #epoch: string
  readonly #listeners = new Set<UpdateStream>()
  #parts = new Map<string, Part>()
  #version = 0
  #writtenAt = 0
  #hasChanged = true
  #timer: NodeJS.Timeout | undefined

  constructor(source: UpdateSource, epoch: string) {
    this.#source = source
    this.#epoch = epoch
  }

  /** The cursor of a page that shows the present state. */
  get cursor(): string {
    return `${this.#epoch}.${this.#source.sequence}`
  }

  /** Schedules an update. */
  touch(): void {
    this.#hasChanged = true
  }

  /**
   * A stream of server-sent events for a page at this cursor; null if too many pages listen. It buffers at
   * most one message: a slow reader gets fewer and larger updates.
   */
  listen(cursor: string): Readable | null {
    if (this.#listeners.size >= MOST_LISTENERS) return null
    const [epoch, sequence] = cursor.split('.')
    const isOurs = epoch === this.#epoch && /^\d{1,15}$/.test(sequence ?? '')
    const listener = new UpdateStream(isOurs ? Number(sequence) : undefined)
    listener.once('close', () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearInterval(this.#timer)
    })
    this.#listeners.add(listener)
    if (this.#listeners.size === 1)
      this.#timer = setInterval(() => this.#writeMessage(), INTERVAL).unref()
    this.#hasChanged = true
    // After the first read().
    setImmediate(() => this.#writeMessage())
    return listener
  }

  /** Ends all streams. */
  close(): void {
    for (const listener of this.#listeners) listener.end()
  }

  #writeMessage(): void {
    const age = Date.now() - this.#writtenAt
    if (this.#hasChanged || age >= DRIFT || (this.#source.isAging && age >= AGING)) this.#write()
    // Most pages are at the same cursor.
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

  #messageFor({ sequence, version }: UpdateStream): string | undefined {
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
