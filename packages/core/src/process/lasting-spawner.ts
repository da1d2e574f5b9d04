import { invalidOption } from '../data/cgi-error.js'
import { guardLogger, processLogger, type CgiLogger } from '../data/logger.js'
import type { ProcessOptions } from '../options/process-options.js'
import { checkRules } from '../options/rules.js'
import { isSpawnerFactory } from '../transport/spawner-factory.js'
import type { SupervisedSpawner } from '../transport/spawner.js'
import { confineSpawner } from './confinement/confined-spawner.js'
import { chooseSpawner } from './spawner-choice.js'
import { superviseSpawner } from './supervised-spawner.js'

/** Options of {@link createSpawner}. */
export interface SpawnerOptions extends ProcessOptions {
  /** For a warning where no spawner but `'child_process'` works. Default: standard error of this process. */
  logger?: CgiLogger | undefined
}

/**
 * Creates a spawner for processes that stay: application servers, and interpreters that wait for scripts. Each leads
 * a process group of its own, gets only the descriptors, the variables and the rights that it is given, and ends
 * with this process and with the worker thread that has started it, also by SIGKILL (a shell waits for that), and so
 * do its children.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION: an option is wrong, or this system cannot confine processes so.
 */
export function createSpawner(options: SpawnerOptions = {}): SupervisedSpawner {
  checkRules(options)
  const { spawner = 'auto', logger } = options
  if (isSpawnerFactory(spawner)) {
    throw invalidOption('spawner', 'no factory, which is for the processes of scripts', spawner)
  }
  const plain = chooseSpawner(spawner, logger === undefined ? processLogger : guardLogger(logger))
  return confineSpawner(superviseSpawner(plain, true), options)
}
