import { STANDARD_ERROR_AFTER_EXIT } from '../../data/grace-periods.js'
import { withTimeout } from '../../data/with-timeout.js'
import type { ScriptProcess, SpawnOptions } from '../../transport/spawner.js'
import type { ScriptExit } from '../../transport/transport.js'
import { TailedOutput } from '../tailed-output.js'
import { createConfinement, whyNotStarted } from './confinement.js'
import type { ConfinementSettings } from './tools.js'

/** Starts processes of a kind. */
interface SpawnerOf<Process extends ScriptProcess> {
  spawn(options: SpawnOptions): Promise<Process>
}

/**
 * Makes a spawner whose processes the kernel confines as the settings ask; the same spawner where they ask for
 * nothing.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION: this system cannot confine processes as they ask.
 */
export function confineSpawner<Process extends ScriptProcess>(
  spawner: SpawnerOf<Process>,
  settings: ConfinementSettings,
): SpawnerOf<Process> {
  const confinement = createConfinement(settings)
  if (confinement === null) return spawner
  return {
    async spawn(options) {
      const command = confinement.confine(options.command)
      const started = await spawner.spawn({ ...options, command })
      const stderr = new TailedOutput(started.stderr)
      return { ...started, stderr, exit: explainExit(started.exit, stderr) }
    },
  }
}

/** Adds the reason to the end of a process that a tool of its confinement could not start. */
async function explainExit(exit: Promise<ScriptExit>, stderr: TailedOutput): Promise<ScriptExit> {
  const ended = await exit
  if (ended.exitCode) await withTimeout(stderr.end, STANDARD_ERROR_AFTER_EXIT)
  const reason = whyNotStarted(ended, stderr.tail)
  return reason === undefined ? ended : { ...ended, reason }
}
