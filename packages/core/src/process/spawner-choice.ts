import { isMainThread } from 'node:worker_threads'
import { invalidOption } from '../data/cgi-error.js'
import type { CgiLogger } from '../data/logger.js'
import type { ProcessOptions } from '../options/process-options.js'
import { loadCLibrary } from './posix/c-library.js'
import { ChildProcessSpawner } from './child-process/child-process-spawner.js'
import { accessDenied, mayStartProcesses } from './permission.js'
import { PosixSpawner } from './posix/posix-spawner.js'
import { guardSpawner } from '../transport/guarded-spawner.js'
import type { Spawner } from '../transport/spawner.js'
import type { SpawnerFactory } from '../transport/spawner-factory.js'

/** The values of the option `spawner`, but for a factory. */
type SpawnerChoice = Exclude<NonNullable<ProcessOptions['spawner']>, SpawnerFactory>

/** One for the whole process, or why there is none: it reaps all children of the process. */
let posixSpawner: Spawner | Error | undefined

let hasWarned = false

/**
 * The spawner of the option: an object as given, one by its name, or with `auto` the best that works here.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function chooseSpawner(choice: SpawnerChoice, logger: CgiLogger): Spawner {
  if (typeof choice !== 'string') return guardSpawner(choice)
  if (!mayStartProcesses()) {
    throw invalidOption(
      'spawner',
      `one that may start processes (${accessDenied().message})`,
      choice,
    )
  }
  if (choice === 'child_process') return new ChildProcessSpawner()
  posixSpawner ??= createPosixSpawner()
  if (!(posixSpawner instanceof Error)) return posixSpawner
  const { message } = posixSpawner
  if (choice === 'posix_spawn') {
    throw invalidOption(
      'spawner',
      `one that can be used here (posix_spawn cannot: ${message})`,
      choice,
    )
  }
  if (!hasWarned) {
    logger.warn(
      { reason: message },
      'posix_spawn is not available: scripts are started by node:child_process, which blocks the event loop for longer the more memory the application has',
    )
  }
  hasWarned = true
  return new ChildProcessSpawner()
}

function createPosixSpawner(): Spawner | Error {
  try {
    // SIGCHLD reaches the main thread only.
    if (!isMainThread) throw new Error('this is a worker thread')
    const spawner = new PosixSpawner(loadCLibrary())
    spawner.check()
    return spawner
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
