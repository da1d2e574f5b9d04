import type { Scenario } from './scenario.js'
import { blocked } from './scenarios/blocked.js'
import { large } from './scenarios/large.js'
import { memory } from './scenarios/memory.js'
import { ordinary } from './scenarios/ordinary.js'
import { small } from './scenarios/small.js'
import { streams } from './scenarios/streams.js'

/** All scenarios, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  ...small,
  memory,
  ordinary,
  ...large,
  blocked,
  streams,
]
