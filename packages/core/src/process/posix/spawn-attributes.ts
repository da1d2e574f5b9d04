import { closeSync, openSync } from 'node:fs'
import type { CLibrary } from './c-library.js'

/** The same for all processes: signals as a new program expects them, and a group of its own. */
export function createSpawnAttributes(library: CLibrary): Buffer {
  const { layout } = library
  const attributes = Buffer.alloc(layout.attributesSize)
  library.posix_spawnattr_init(attributes)
  // Node ignores SIGPIPE, which programs would inherit. Each bit is a signal; sigfillset(3) leaves out the
  // C library's own, which posix_spawn(3) would have the program ignore then.
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
 * Whether the host has a terminal that a script could ask a person on (git does, and ssh). It must not,
 * so then it gets a session of its own. Where there is no terminal, a process group will do, and is
 * better: Linux shares a processor among sessions first (`sched_autogroup`), and with each script in one
 * of its own, as many as are being started leave those that want to end waiting for 100 ms and more.
 */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // ENXIO: it has none.
    return false
  }
}
