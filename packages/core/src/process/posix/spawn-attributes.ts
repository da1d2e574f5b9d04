import { closeSync, openSync } from 'node:fs'
import type { CLibrary } from './c-library.js'

/**
 * The posix_spawnattr_t that all starts share: default signal handling, and a process group for each process.
 */
export function createSpawnAttributes(library: CLibrary): Buffer {
  const { layout } = library
  const attributes = Buffer.alloc(layout.attributesSize)
  library.posix_spawnattr_init(attributes)
  // Node.js ignores SIGPIPE, and a program would inherit that. The bits are set here, one for each signal,
  // since sigfillset(3) omits the C library's own signals, which posix_spawn(3) would then make the program
  // ignore.
  const all = Buffer.alloc(layout.signalSetSize, 0xff)
  library.posix_spawnattr_setsigdefault(attributes, all)
  const none = Buffer.alloc(layout.signalSetSize)
  library.posix_spawnattr_setsigmask(attributes, none)
  library.posix_spawnattr_setpgroup(attributes, 0)
  const group = hasTerminal() ? layout.POSIX_SPAWN_SETSID : layout.POSIX_SPAWN_SETPGROUP
  library.posix_spawnattr_setflags(
    attributes,
    group |
      layout.POSIX_SPAWN_SETSIGDEF |
      layout.POSIX_SPAWN_SETSIGMASK |
      layout.POSIX_SPAWN_CLOEXEC_DEFAULT,
  )
  return attributes
}

/**
 * Whether this process has a controlling terminal. A script must not prompt on it, as git and ssh do, so it
 * gets its own session. Without a terminal a process group is enough, and better: Linux shares the processor
 * among sessions first (`sched_autogroup`, sched(7)), and with one session for each script, those that start
 * delay those that end by 100 ms and more.
 */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // ENXIO: there is none.
    return false
  }
}
