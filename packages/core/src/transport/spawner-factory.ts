import type { CgiLogger } from '../data/logger.js'
import type { Spawner, SupervisedSpawner } from './spawner.js'

/** The gateway that a spawner is made for. */
export interface SpawnerContext {
  /** Logs what belongs to no request; it never throws. */
  readonly logger: CgiLogger
  /** Starts a script as the gateway does without a factory: by `'auto'`, confined as the options ask. */
  readonly plain: Spawner
  /**
   * Starts a process that stays, confined in the same way but for `cpuTimeLimit`. It ends with this process, also by
   * SIGKILL, and so do its children in its process group.
   */
  readonly lasting: SupervisedSpawner
  /**
   * The option `cpuTimeLimit`, in seconds: a process that stays would soon reach it, so each child has to set it for
   * itself. The soft limit; the hard one is a second more. Undefined: no limit.
   */
  readonly cpuTimeLimit: number | undefined
}

/** Makes a spawner for each gateway that it is given to. The option `spawner` takes one. */
export interface SpawnerFactory {
  /**
   * Makes the spawner of a gateway, once. It starts and keeps nothing before its first `spawn()`: a gateway whose
   * other options are wrong is not created, and does not close it.
   *
   * @throws {CgiError} CGI_ERR_INVALID_OPTION. An error of another class becomes its `cause`.
   */
  createSpawner(gateway: SpawnerContext): Spawner
}

/** Whether a value makes spawners, rather than being one. */
export function isSpawnerFactory(value: unknown): value is SpawnerFactory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createSpawner' in value &&
    typeof value.createSpawner === 'function'
  )
}
