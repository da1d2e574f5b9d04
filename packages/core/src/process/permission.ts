import process from 'node:process'

/**
 * Whether Node's permission model lets this process start others. It binds `node:child_process` by itself;
 * posix_spawn(3) is called past it. An application may drop the permission while it runs.
 */
export function mayStartProcesses(): boolean {
  // Undefined without `--permission`; the type does not say so.
  const permission: { has(scope: string): boolean } | undefined = process.permission
  return permission === undefined || permission.has('child')
}

/** What Node itself throws where a process is not to be started. */
export function accessDenied(): Error {
  const message =
    "Node's permission model forbids child processes: --allow-child-process allows them"
  return Object.assign(new Error(message), {
    code: 'ERR_ACCESS_DENIED',
    permission: 'ChildProcess',
  })
}
