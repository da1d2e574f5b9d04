import { CgiError, invalidOption } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import type { CgiLogger } from '../data/logger.js'
import { guardSpawner } from '../transport/guarded-spawner.js'
import type { Spawner } from '../transport/spawner.js'
import type { SpawnerContext, SpawnerFactory } from '../transport/spawner-factory.js'
import { confineSpawner } from './confinement/confined-spawner.js'
import type { ConfinementSettings } from './confinement/tools.js'
import { chooseSpawner } from './spawner-choice.js'
import { superviseSpawner } from './supervised-spawner.js'

/** The settings of a spawner that a factory makes. */
interface MadeSpawnerSettings extends ConfinementSettings {
  readonly logger: CgiLogger
}

/**
 * Makes the spawner of a gateway, and contains its faults. What it is given confines the processes: the result must not
 * be confined once more.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function makeSpawner(factory: SpawnerFactory, settings: MadeSpawnerSettings): Spawner {
  const { logger, cpuTimeLimit } = settings
  const plain = chooseSpawner('auto', logger)
  const withoutCpuTime = { ...settings, cpuTimeLimit: undefined }
  const spawner = create(factory, {
    logger,
    plain: confineSpawner(plain, settings),
    lasting: confineSpawner(superviseSpawner(plain, true), withoutCpuTime),
    cpuTimeLimit: cpuTimeLimit ? Math.ceil(cpuTimeLimit / 1000) : undefined,
  })
  return guardSpawner(spawner)
}

function create(factory: SpawnerFactory, context: SpawnerContext): Spawner {
  let spawner: unknown
  try {
    spawner = factory.createSpawner(context)
  } catch (cause) {
    if (cause instanceof CgiError) throw cause
    const message = `The spawner of the \`spawner\` option cannot be created: ${describeThrown(cause)}`
    throw new CgiError('CGI_ERR_INVALID_OPTION', { cause }, message)
  }
  if (isSpawner(spawner)) return spawner
  throw invalidOption('spawner', 'a factory whose `createSpawner()` returns a spawner', factory)
}

function isSpawner(value: unknown): value is Spawner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'spawn' in value &&
    typeof value.spawn === 'function'
  )
}
