import type { Kind } from './kind.js'
import { answers } from './kinds/answers.js'
import { application } from './kinds/application.js'
import { clients } from './kinds/clients.js'
import { faults } from './kinds/faults.js'
import { killedScripts } from './kinds/killed-scripts.js'
import { largeAnswers } from './kinds/large-answers.js'
import { limits } from './kinds/limits.js'
import { uploads } from './kinds/uploads.js'
import type { Random } from './random.js'

/** All that clients do. */
export const kinds: readonly Kind[] = [
  ...answers,
  ...largeAnswers,
  ...uploads,
  ...clients,
  ...faults,
  ...limits,
  ...killedScripts,
  ...application,
]

/** Chooses by weight. */
export function pickKind(random: Random, from: readonly Kind[]): Kind {
  let left = random.below(from.reduce((sum, { weight }) => sum + weight, 0))
  for (const kind of from) {
    left -= kind.weight
    if (left < 0) return kind
  }
  throw new Error('there is nothing to choose from')
}
