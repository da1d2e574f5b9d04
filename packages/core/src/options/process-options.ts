import type { Spawner } from '../transport/spawner.js'
import type { SpawnerFactory } from '../transport/spawner-factory.js'

/** Options for the start and the limits of a script's process. Part of {@link CgiOptions}. */
export interface ProcessOptions {
  /**
   * **spawner** `'auto' | 'posix_spawn' | 'child_process' | Spawner | SpawnerFactory` - How scripts are started. `'posix_spawn'`
   * (through koffi, an optional dependency; Linux and macOS) runs on another thread and takes the same short
   * time whatever memory this process uses; `'child_process'` is Node's module, which blocks this process for
   * milliseconds, and longer the more memory it uses. `'auto'`: `'posix_spawn'` if it is available, else
   * `'child_process'`. An object with the method `spawn` is a spawner of the application; one with `createSpawner`
   * makes one for each gateway: `warm()` of `@common-gateway/warm` keeps interpreters loaded. Default: `'auto'`.
   * @example `{ spawner: warm() }`
   */
  spawner?: 'auto' | 'posix_spawn' | 'child_process' | Spawner | SpawnerFactory
  /**
   * **cpuTimeLimit** `number` - How much processor time a script and each of its children may use, in
   * milliseconds; rounded up to seconds, as the kernel counts them. Then SIGXCPU, and SIGKILL a second
   * later. Linux only. `0`: the gateway sets no limit. Default: `0`.
   * @example `{ cpuTimeLimit: 10_000 }`
   */
  cpuTimeLimit?: number
  /**
   * **memoryLimit** `number` - The largest address space of a script and of each of its children, in
   * bytes (RLIMIT_AS). An allocation beyond it fails (ENOMEM). An address space is larger than the memory
   * in use, in some programs (Node, Java) by gigabytes. Linux only. `0`: the gateway sets no limit. Default: `0`.
   * @example `{ memoryLimit: 512 * 1024 ** 2 }`
   */
  memoryLimit?: number
  /**
   * **openFileLimit** `number` - How many files a script, and each of its children, may have open
   * (RLIMIT_NOFILE). Opening more fails (EMFILE). Linux only. `0`: the gateway sets no limit. Default: `0`.
   * @example `{ openFileLimit: 64 }`
   */
  openFileLimit?: number
  /**
   * **fileSizeLimit** `number` - The largest file that a script or its children may write, in bytes
   * (RLIMIT_FSIZE). A write beyond it raises SIGXFSZ, or fails (EFBIG) in a script that ignores it. Linux only.
   * `0`: the gateway sets no limit. Default: `0`.
   * @example `{ fileSizeLimit: 100 * 1024 ** 2 }`
   */
  fileSizeLimit?: number
  /**
   * **user** `string | number` - The user that scripts run as, by name or number, with all of that
   * user's groups and no capability. Looked up once, when the gateway is created. A number without an
   * account needs `group`, and has no other group. This process must be allowed to become that user and
   * to signal its processes, as the superuser is. Linux only. Default: the user of this process.
   * @example `{ user: 'www-data' }`
   */
  user?: string | number
  /**
   * **group** `string | number` - The group that scripts run as, by name or number. It takes the place
   * of the primary group of `user`; without `user` it is the only one. Linux only. Default: that of
   * `user`, or the group of this process.
   * @example `{ user: 'www-data', group: 'adm' }`
   */
  group?: string | number
  /**
   * **nice** `number` - Niceness of scripts, from `-20` (first) to `19` (last). A value below that of this process needs
   * a privilege. Linux only. Default: the niceness of this process.
   * @example `{ nice: 10 }`
   */
  nice?: number
}

/** The options that the kernel enforces, on Linux only. */
export const CONFINEMENT_OPTIONS = [
  'cpuTimeLimit',
  'memoryLimit',
  'openFileLimit',
  'fileSizeLimit',
  'user',
  'group',
  'nice',
] as const satisfies readonly (keyof ProcessOptions)[]
