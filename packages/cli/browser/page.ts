/** An update from the server. Its HTML is made by the server, with all text escaped. */
interface Update {
  /** The cursor of the page after this update. */
  readonly cursor: string
  /** Whether all rows are replaced: the server has been restarted. */
  readonly isWhole: boolean
  /** The rows of requests that have ended, the latest first. */
  readonly rows: string
  /** The parts of the page that have changed, by their ids. */
  readonly parts: Readonly<Record<string, string>>
}

/** How many rows of scripts and how many other rows are kept: as many as the server keeps. */
const MOST_ROWS = { '.script': 200, ':not(.script)': 100 }
/** Delay before reconnecting to the server, in milliseconds. */
const RETRY = 2_000

/** The list of requests that have ended. It does not move while it is being read. */
class PastRequests {
  readonly #list: HTMLElement
  readonly #note: HTMLElement
  /** Rows that wait while the list is being read, the latest first. */
  #waiting: readonly Element[] = []
  /** By how many pixels the last scroll was rounded: without it, a row moves further with each update. */
  #rounded = 0

  /** @param note - says how many rows wait. */
  constructor(list: HTMLElement, note: HTMLElement) {
    this.#list = list
    this.#note = note
    const look = (): void => {
      if (!this.#isRead()) this.release()
    }
    list.addEventListener('pointerleave', look)
    // The new focus is known after the event.
    list.addEventListener('focusout', () => setTimeout(look))
  }

  clear(): void {
    this.#waiting = []
    this.#list.replaceChildren()
  }

  add(rows: readonly Element[]): void {
    this.#waiting = [...rows, ...this.#waiting]
    if (this.#isRead()) this.#updateNote()
    else this.release()
  }

  /** Keeps a row of another list that is open or has the focus. */
  adopt(row: Element, fresh: Element): void {
    const focused = row.contains(document.activeElement) ? document.activeElement : null
    this.#prepend([row])
    patch(row, fresh)
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  }

  /** Shows the rows that wait. */
  release(): void {
    this.#prepend(this.#waiting)
    this.#waiting = []
    this.#updateNote()
  }

  #isRead(): boolean {
    return this.#list.matches(':hover, :has(:focus-visible)')
  }

  #updateNote(): void {
    const count = this.#waiting.length
    this.#note.hidden = count === 0
    this.#note.textContent = `${count} more, shown when you leave the list`
  }

  /** Inserts rows at the top. An open row below keeps its place on the screen. */
  #prepend(rows: readonly Element[]): void {
    const anchor = Array.from(this.#list.querySelectorAll('[open]')).find((row) => {
      const { top, bottom } = row.getBoundingClientRect()
      return bottom > 0 && top < innerHeight
    })
    const place = (anchor?.getBoundingClientRect().top ?? 0) - this.#rounded
    this.#list.prepend(...rows)
    for (const [kind, most] of Object.entries(MOST_ROWS)) {
      const ofKind = this.#list.querySelectorAll(`:scope > ${kind}`)
      for (const row of Array.from(ofKind).slice(most)) row.remove()
    }
    if (anchor === undefined) return
    scrollBy(0, anchor.getBoundingClientRect().top - place)
    // Only the fraction: a scroll that ends at the edge of the page is not made up for.
    this.#rounded = (anchor.getBoundingClientRect().top - place) % 1
  }
}

/** Keeps the page up to date with the server. */
class Feed {
  readonly #status: HTMLElement
  readonly #past: PastRequests
  #cursor: string
  #source: EventSource | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param status - shows whether the page is up to date; its `data-cursor` is the cursor of the page. */
  constructor(status: HTMLElement, past: PastRequests) {
    this.#status = status
    this.#past = past
    this.#cursor = status.dataset['cursor'] ?? ''
  }

  start(): void {
    this.stop()
    const source = new EventSource(`/.common-gateway/events?after=${this.#cursor}`)
    this.#source = source
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      this.#say('live', 'Live')
      // The server sends objects of this type only.
      this.#take(JSON.parse(data) as Update)
    })
    source.addEventListener('error', () => {
      this.stop()
      this.#say('lost', 'The server does not respond; trying again')
      this.#timer = setTimeout(() => this.start(), RETRY)
    })
  }

  stop(): void {
    this.#source?.close()
    clearTimeout(this.#timer)
  }

  /** Does not set the same text again, since screen readers would repeat it. */
  #say(state: string, text: string): void {
    if (this.#status.className === state) return
    this.#status.className = state
    this.#status.textContent = text
  }

  #take({ cursor, isWhole, rows, parts }: Update): void {
    this.#cursor = cursor
    if (isWhole) this.#past.clear()
    const added: Element[] = []
    for (const row of parse(rows)) {
      const open = isWhole ? null : document.querySelector(`#now > ul > #${row.id}`)
      if (open?.matches(':focus-within, :has([open])')) this.#past.adopt(open, row)
      else added.push(row)
    }
    this.#past.add(added)
    for (const [id, html] of Object.entries(parts)) {
      const part = document.getElementById(id)
      if (part !== null) patchChildren(part, parse(html))
    }
  }
}

function parse(html: string): Element[] {
  const template = document.createElement('template')
  template.innerHTML = html
  return Array.from(template.content.children)
}

/** Updates an element to equal another. Focus, selection and open details stay. */
function patch(old: Element, fresh: Element): void {
  for (const name of old.getAttributeNames()) {
    if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  patchChildren(old, Array.from(fresh.childNodes))
}

/** Updates the children of an element. Children with an id are matched by it, others by their position. */
function patchChildren(old: Element, fresh: readonly Node[]): void {
  const ids = new Set(fresh.map(idOf))
  for (const child of Array.from(old.children)) {
    if (child.id !== '' && !ids.has(child.id)) child.remove()
  }
  let next: ChildNode | null = old.firstChild
  for (const node of fresh) {
    if (next === null || next.nodeName !== node.nodeName || idOf(next) !== idOf(node)) {
      old.insertBefore(node, next)
      continue
    }
    if (next instanceof Element && node instanceof Element) patch(next, node)
    else if (next.nodeValue !== node.nodeValue) next.nodeValue = node.nodeValue
    next = next.nextSibling
  }
  while (next !== null) {
    const after: ChildNode | null = next.nextSibling
    next.remove()
    next = after
  }
}

function idOf(node: Node): string {
  return node instanceof Element ? node.id : ''
}

/** Shows a button that copies the text of another element. */
function offerCopy(button: HTMLElement): void {
  const source = document.getElementById(button.dataset['copy'] ?? '')
  if (source === null) return
  button.hidden = false
  button.addEventListener('click', () => {
    void copy(source.innerText).then((isCopied) => {
      button.textContent = isCopied ? 'Copied' : 'Select it and copy'
    })
  })
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // The user can forbid access to the clipboard.
    return false
  }
}

const [status, list, note] = ['live', 'past', 'held'].map((id) => document.getElementById(id))
if (status && list && note) {
  const past = new PastRequests(list, note)
  const feed = new Feed(status, past)
  // A hidden page releases its connection: browsers allow six for each server.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      feed.stop()
    } else {
      past.release()
      feed.start()
    }
  })
  addEventListener('pagehide', () => feed.stop())
  if (!document.hidden) feed.start()
}
for (const button of document.querySelectorAll<HTMLElement>('[data-copy]')) offerCopy(button)
