import { isByteString } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { synchronous } from './attempt.js'
import type { ScriptFinder, ScriptLocation, ScriptPath } from './script-finder.js'
import type { CalledScript } from './transport.js'

/** A script as the gateway calls it. */
interface FoundScript extends CalledScript {
  readonly type: 'script'
}

/** A finder whose faults are CgiErrors. */
interface GuardedFinder {
  find(path: ScriptPath): FoundScript | null
  recheck(script: ScriptLocation): void
}

/** Contains the faults of a finder that the application has given. */
export function guardFinder(finder: ScriptFinder): GuardedFinder {
  return {
    find: (path) => guard(() => toScript(synchronous(finder.find(path)))),
    recheck: (script) => guard(() => synchronous(finder.recheck?.(script))),
  }
}

function guard<Result>(act: () => Result): Result {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof CgiError) throw cause
    const reason = `the finder of the transport: ${describeThrown(cause)}`
    throw new CgiError('CGI_ERR_SPAWN', { reason, cause })
  }
}

/** @throws {TypeError} */
function toScript(location: ScriptLocation | null): FoundScript | null {
  if (location === null) return null
  const { file, scriptName, pathInfo } = location
  for (const [name, value] of Object.entries({ file, scriptName, pathInfo })) {
    if (typeof value !== 'string') throw new TypeError(`\`${name}\` is not a string`)
  }
  if (!isByteString(pathInfo)) throw new TypeError('`pathInfo` is not a byte string')
  return { type: 'script', file, scriptName, pathInfo, command: [file] }
}
