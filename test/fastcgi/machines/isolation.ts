import { spawnSync } from 'node:child_process'

/** Set in the process that runs isolated. */
const MARK = 'COMMON_GATEWAY_ISOLATED'

/**
 * A network without anything in it, and processes that end with the first of them: whatever happens to a test, nothing
 * of it is left.
 */
const UNSHARE = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc']

/** Whether this process runs isolated. */
export const isIsolated = process.env[MARK] !== undefined

/** Why this system has no isolation; undefined where it has. */
export function whyNotIsolated(): string | undefined {
  const { status, stderr, error } = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}

/** Runs this program again, isolated, to its end. */
export function runIsolated(): void {
  const { status } = spawnSync(
    'unshare',
    [...UNSHARE, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } },
  )
  process.exitCode = status ?? 1
}
