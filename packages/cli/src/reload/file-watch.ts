import { type FSWatcher, statSync, watch } from 'node:fs'
import path from 'node:path'

/** An editor writes a file in several steps. In milliseconds. */
const SETTLING = 100

/** Written by tools, not by an editor. */
const IGNORED = /(?:^|\/)(?:\.git|node_modules|__pycache__)(?:\/|$)/

/** Watches folders, with all that is in them. */
export class FileWatch {
  readonly #watchers: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined

  /**
   * @param isIgnored - whether a change at this time, in milliseconds since 1970, is not the developer's.
   * @param changed - called a moment after a change.
   * @param failed - called with the error of a folder that cannot be watched.
   */
  constructor(
    folders: Iterable<string>,
    private readonly isIgnored: (time: number) => boolean,
    private readonly changed: () => void,
    failed: (error: unknown) => void,
  ) {
    for (const folder of folders) {
      try {
        const watcher = watch(folder, { recursive: true, persistent: false }, (_event, name) => {
          this.#see(folder, name ?? '')
        })
        watcher.on('error', failed)
        this.#watchers.push(watcher)
      } catch (error) {
        failed(error)
      }
    }
  }

  #see(folder: string, name: string): void {
    if (IGNORED.test(name) || this.isIgnored(timeOf(path.join(folder, name)))) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.changed, SETTLING).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
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
