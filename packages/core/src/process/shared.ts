import process from 'node:process'

/**
 * Makes what a process (or a worker thread, which has a `process` of its own) has once, however many
 * copies of this package it has loaded: hot reload, module resets of tests and versions side by side
 * would each add listeners to the same `process`.
 *
 * @param name - what it is, with the version of its interface.
 */
export function shareInProcess<Shared>(name: string, create: () => Shared): Shared {
  const key = Symbol.for(`common-gateway.${name}`)
  const shared: unknown = Reflect.get(process, key)
  // What is kept under this name has the interface that the name stands for.
  if (shared !== undefined) return shared as Shared
  const created = create()
  Object.defineProperty(process, key, { value: created })
  return created
}
