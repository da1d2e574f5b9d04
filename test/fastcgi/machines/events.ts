import { setTimeout as delay } from 'node:timers/promises'
import type { PhpFpm } from '../peers/programs.js'
import type { Machine } from './machine.js'

/** Children of each php-fpm, and the most requests at once that each gets. */
export const CHILDREN = 4

export const METHODS = ['GET', 'POST'] as const

/** One failed request takes no upstream out, so that its place may be taken by another one before the second fails. */
const MOST_POSTS = CHILDREN + 1

/** Something that happens to the first machine while requests are sent. */
export interface MachineEvent {
  readonly name: string
  /** The most requests that may be lost. */
  readonly most: Readonly<Record<(typeof METHODS)[number], number>>
  happen(machine: Machine, php: PhpFpm): unknown
  /** Resolves when the machine can be reached again. */
  mend(machine: Machine, php: PhpFpm): unknown
}

export const EVENTS: readonly MachineEvent[] = [
  {
    name: 'php-fpm is killed (SIGKILL)',
    // A GET without an answer goes to the other machine.
    most: { GET: 0, POST: MOST_POSTS },
    happen: (_machine, php) => php.kill(),
    mend: (_machine, php) => php.restart(),
  },
  {
    name: 'php-fpm is stopped gracefully (SIGQUIT)',
    // By TCP, what lies in the backlog when it is closed cannot be distinguished from what has begun.
    most: { GET: 0, POST: MOST_POSTS },
    happen: (_machine, php) => process.kill(php.pid(), 'SIGQUIT'),
    mend: (_machine, php) => php.restart(),
  },
  {
    name: 'php-fpm is reloaded (SIGUSR2)',
    most: { GET: 0, POST: 0 },
    happen: (_machine, php) => process.kill(php.pid(), 'SIGUSR2'),
    mend: () => delay(500),
  },
  {
    name: 'the cable is cut',
    // Nothing resets a connection: its request ends with `headersTimeout`.
    most: { GET: CHILDREN, POST: CHILDREN },
    happen: (machine) => machine.cutCable(),
    mend: (machine) => machine.plugCable(),
  },
]
