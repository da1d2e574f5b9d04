import { ChildProcessSpawner } from './child-process-spawner.js'
import type { Spawner } from './spawner.js'

/** The best spawner that this system has. */
export function chooseSpawner(): Spawner {
  return new ChildProcessSpawner()
}
