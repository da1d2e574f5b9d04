/**
 * Whether Node's permission model allows child processes. Node.js enforces it for `node:child_process`, but not
 * for posix_spawn(3). An application may drop the permission while it runs.
 */
export function mayStartProcesses(): boolean {
  // Undefined without `--permission`; the type does not say so.
  const permission: { has(scope: string): boolean } | undefined = process.permission
  return permission === undefined || permission.has('child')
}

/** The error that Node.js throws where child processes are not allowed. */
export function accessDenied(): Error {
  const message =
    "Node's permission model forbids child processes: --allow-child-process allows them"
  return Object.assign(new Error(message), {
    code: 'ERR_ACCESS_DENIED',
    permission: 'ChildProcess',
  })
}
