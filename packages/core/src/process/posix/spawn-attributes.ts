import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { CLibrary } from './c-library.js'

/**
 * SIGCANCEL and SIGSETXID, 32 and 33, which glibc uses itself. Where clone3(2) is not available (Linux before 5.5, a
 * sandbox that refuses it), posix_spawn(3) makes a program ignore them unless they are in the set of signals to
 * reset: `is_internal_signal()` in glibc's `sysdeps/unix/sysv/linux/spawni.c`.
 */
const INTERNAL_SIGNALS = 0b11n << 31n

/**
 * The posix_spawnattr_t that all starts share: default signal handling, and a process group for each process.
 */
export function createSpawnAttributes(library: CLibrary): Buffer {
  const { layout } = library
  const attributes = Buffer.alloc(layout.attributesSize)
  library.posix_spawnattr_init(attributes)
  library.posix_spawnattr_setsigdefault(attributes, signalsToReset(library))
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
 * A sigset_t of the signals that get their default handling. Node.js ignores SIGPIPE and SIGXFSZ, and a
 * program would inherit that.
 *
 * glibc 2.38 and later reset the signals that have a handler with one flag of clone3(2), CLONE_CLEAR_SIGHAND, and
 * make one system call for each signal of this set. Older glibc makes one for each signal of the set and up to two
 * for each other signal: fewest with all of them in the set.
 */
function signalsToReset({ layout, gnu_get_libc_version }: CLibrary): Buffer {
  const [major = 0, minor = 0] = (gnu_get_libc_version?.() ?? '').split('.').map(Number)
  const hasClearFlag = major > 2 || (major === 2 && minor >= 38)
  const ignored = hasClearFlag ? ignoredSignals() : undefined
  // The bits are set here, one for each signal, since sigfillset(3) omits INTERNAL_SIGNALS.
  const set = Buffer.alloc(layout.signalSetSize, ignored === undefined ? 0xff : 0)
  if (ignored !== undefined) set.writeBigUInt64LE(ignored | INTERNAL_SIGNALS)
  return set
}

/** The signals that this process ignores, as a mask: see SigIgn in proc(5). Undefined where it cannot be read. */
function ignoredSignals(): bigint | undefined {
  try {
    const [, mask] =
      /^SigIgn:\s*([0-9a-f]{16})$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    if (mask === undefined) return undefined
    return BigInt(`0x${mask}`) | (1n << BigInt(constants.signals.SIGPIPE - 1))
  } catch {
    return undefined
  }
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
