import { type FSWatcher, lstatSync, readdirSync, statSync, watch } from 'node:fs'
import path from 'node:path'
import type { FileChange } from './script-changes.js'

/** An editor writes a file in several steps. In milliseconds. */
const SETTLING = 100

/** Written by tools, not by an editor. */
const IGNORED = new Set(['.git', 'node_modules', '__pycache__'])

/**
 * Watches folders, with all that is in them: each folder by itself, since on Linux `recursive` would watch every file, and
 * those of `node_modules` too. 29000 files took 3.6 s, in which the server did not start.
 */
export class FileWatch {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #places: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined
  /** Of the changes that are not reported yet. */
  #changes: FileChange[] = []
  #hasFailed = false

  /**
   * @param isIgnored - whether a change is not the developer's.
   * @param changed - called a moment after a change.
   * @param failed - called with the error of the first folder that cannot be watched.
   */
  constructor(
    folders: Iterable<string>,
    private readonly isIgnored: (change: FileChange) => boolean,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    for (const folder of folders) {
      this.#watch(folder)
      this.#watchPlace(folder)
    }
  }

  /** Generators of sites make the whole folder anew. The folder around it tells, unless it may not be read. */
  #watchPlace(folder: string): void {
    const around = path.dirname(folder)
    try {
      const watcher = watch(around, { persistent: false }, (event, name) => {
        if (event === 'rename' && name === path.basename(folder)) this.#see(folder, event)
      })
      watcher.on('error', () => watcher.close())
      this.#places.push(watcher)
    } catch {
      // What is in the folder is seen.
    }
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        if (name !== null) this.#see(path.join(folder, name), event)
      })
      watcher.on('error', this.#fail)
      this.#watchers.set(folder, watcher)
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const isOwn = entry.isDirectory() && !IGNORED.has(entry.name)
        if (isOwn) this.#watch(path.join(folder, entry.name))
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The limit of the system for watched files would have a message for each folder. */
  readonly #fail = (error: unknown): void => {
    if (!this.#hasFailed) this.failed(error)
    this.#hasFailed = true
  }

  #see(file: string, event: string): void {
    if (IGNORED.has(path.basename(file))) return
    // Also a folder that has replaced another one of its name.
    if (event === 'rename') {
      this.#leave(file)
      if (isFolder(file)) this.#watch(file)
    }
    this.#changes.push({ file, time: timeOf(file) })
    this.#timer ??= setTimeout(this.#settle, SETTLING).unref()
  }

  /** Only now: the event of a file that a script writes can come before it is known that a script runs. */
  readonly #settle = (): void => {
    const changes = this.#changes
    this.#changes = []
    this.#timer = undefined
    if (!changes.every((change) => this.isIgnored(change))) this.changed()
  }

  #leave(folder: string): void {
    for (const [each, watcher] of this.#watchers) {
      if (each !== folder && !each.startsWith(`${folder}/`)) continue
      watcher.close()
      this.#watchers.delete(each)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of [...this.#places, ...this.#watchers.values()]) watcher.close()
  }
}

/** Links are not followed: they may lead in a circle. A name that may not be looked at any more (EACCES) is no folder. */
function isFolder(file: string): boolean {
  try {
    return lstatSync(file).isDirectory()
  } catch {
    return false
  }
}

/** When a file was written, renamed or given other rights; now, if it is gone. The event may come much later. */
function timeOf(file: string): number {
  try {
    return statSync(file).ctimeMs
  } catch {
    return Date.now()
  }
}
