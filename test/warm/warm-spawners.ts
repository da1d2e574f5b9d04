import { createSpawner, type Spawner } from '@common-gateway/core/transport'
import { warm, type WarmOptions } from '@common-gateway/warm'
import { chooseSpawner } from '@internal/core/process/spawner-choice.js'

const logger = { warn() {}, error() {} }

/** The spawner of a gateway without options. */
export function createPlainSpawner(): Spawner {
  return chooseSpawner('auto', logger)
}

/** A spawner as a gateway with `spawner: warm(options)` has it. */
export function createWarmSpawner(options: WarmOptions): Spawner {
  return warm(options).createSpawner({
    logger,
    plain: createPlainSpawner(),
    lasting: createSpawner(),
    cpuTimeLimit: undefined,
  })
}
