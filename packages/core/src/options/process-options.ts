import type { Spawner } from '../transport/spawner.js'

/** Options of how the processes of scripts are started, and of what they may do. Part of {@link CgiOptions}. */
export interface ProcessOptions {
  /**
   * **spawner** `'auto' | 'posix_spawn' | 'child_process' | Spawner` - What starts scripts. `'posix_spawn'`
   * (through the optional package `koffi`; Linux and macOS) takes the same short time however large
   * the host is, on another thread; `'child_process'` is Node's own, which stops the host for
   * milliseconds, the more memory it has the longer. `'auto'`: the first, where it can be used.
   * An object with the method `spawn` is your own. Default: `'auto'`.
   */
  spawner?: 'auto' | 'posix_spawn' | 'child_process' | Spawner
  /**
   * **cpuTimeLimit** `number` - How much processor time a script and each of its children may use, in
   * milliseconds; rounded up to seconds, as the kernel counts them. Then SIGXCPU, and SIGKILL a second
   * later. Linux only. `0`: no limit of ours. Default: `0`.
   */
  cpuTimeLimit?: number
  /**
   * **memoryLimit** `number` - The largest address space of a script and of each of its children, in
   * bytes (RLIMIT_AS). What would take more fails (ENOMEM). An address space is larger than the memory
   * that is in use, for some (Node, Java) by gigabytes. Linux only. `0`: no limit of ours. Default: `0`.
   */
  memoryLimit?: number
  /**
   * **openFileLimit** `number` - How many files a script, and each of its children, may have open
   * (RLIMIT_NOFILE). Opening more fails (EMFILE). Linux only. `0`: no limit of ours. Default: `0`.
   */
  openFileLimit?: number
  /**
   * **fileSizeLimit** `number` - The largest file that a script or its children may write, in bytes
   * (RLIMIT_FSIZE). Writing on is SIGXFSZ, or fails (EFBIG) in a script that ignores that. Linux only.
   * `0`: no limit of ours. Default: `0`.
   */
  fileSizeLimit?: number
  /**
   * **user** `string | number` - The user that scripts run as, by name or number, with all of that
   * user's groups and no capability. Looked up once, when the gateway is made. A number without an
   * account needs `group`, and has no other group. The host must be allowed to become that user and to
   * stop its processes, as the superuser is. Linux only. Default: the host's.
   */
  user?: string | number
  /**
   * **group** `string | number` - The group that scripts run as, by name or number. It takes the place
   * of the primary group of `user`; without `user` it is the only one. Linux only. Default: that of
   * `user`, or the host's.
   */
  group?: string | number
  /**
   * **nice** `number` - Niceness of scripts, from `-20` (first) to `19` (last). To go below its own the
   * host must be allowed to. Linux only. Default: the host's.
   */
  nice?: number
}
