import type * as access from '../../packages/cli/src/access/access.js'
import type * as checkQueue from '../../packages/cli/src/authentication/check-queue.js'
import type * as compileCache from '../../packages/cli/src/start/compile-cache.js'
import type * as credentials from '../../packages/cli/src/authentication/credentials.js'
import type * as passwordHash from '../../packages/cli/src/authentication/password-hash.js'
import type * as history from '../../packages/cli/src/status/history.js'
import type * as markup from '../../packages/cli/src/status/markup.js'
import type * as quantity from '../../packages/cli/src/status/quantity.js'
import type * as shellLine from '../../packages/cli/src/status/shell-line.js'
import type * as traffic from '../../packages/cli/src/status/traffic.js'
import type * as updates from '../../packages/cli/src/status/updates.js'

/** The steps of the command: its package has no way in but its program. */
const load = (step: string): Promise<unknown> =>
  import(new URL(`../../../packages/cli/dist/${step}.js`, import.meta.url).href)

// Each cast names the very file that is loaded; the compiler cannot see through the URL.
export const { CheckQueue } = (await load('authentication/check-queue')) as typeof checkQueue
export const { makeCacheFolder } = (await load('start/compile-cache')) as typeof compileCache
export const { readCredentials } = (await load('authentication/credentials')) as typeof credentials
export const { readPasswordHash } = (await load(
  'authentication/password-hash',
)) as typeof passwordHash
export const { refusalOf } = (await load('access/access')) as typeof access
export const { RequestHistory } = (await load('status/history')) as typeof history
export const { html } = (await load('status/markup')) as typeof markup
export const { describeDuration } = (await load('status/quantity')) as typeof quantity
export const { createShellLine } = (await load('status/shell-line')) as typeof shellLine
export const { Traffic } = (await load('status/traffic')) as typeof traffic
export const { StatusUpdates } = (await load('status/updates')) as typeof updates
