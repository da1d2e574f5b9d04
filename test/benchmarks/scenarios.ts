import type { Scenario } from './scenario.js'
import { blocked } from './scenarios/blocked.js'
import { cold } from './scenarios/cold.js'
import { events } from './scenarios/events.js'
import { headers } from './scenarios/headers.js'
import { interpreters } from './scenarios/interpreters.js'
import { large } from './scenarios/large.js'
import { memory } from './scenarios/memory.js'
import { ordinary } from './scenarios/ordinary.js'
import { own } from './scenarios/own.js'
import { php } from './scenarios/php.js'
import { small } from './scenarios/small.js'
import { streams } from './scenarios/streams.js'

/** All scenarios, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  ...small,
  headers,
  cold,
  ...own,
  memory,
  ordinary,
  ...large,
  blocked,
  events,
  streams,
  ...php,
  ...interpreters,
]
