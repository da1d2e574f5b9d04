/**
 * Returns an object of which a process has only one, however many copies of this package are loaded: with hot
 * reload, module resets of test runners or two versions side by side, each copy would otherwise add listeners
 * to the same `process`. A worker thread has a `process`, and so an object, of its own.
 *
 * @param name - the name of the object with the version of its interface.
 */
export function shareInProcess<Shared>(name: string, create: () => Shared): Shared {
  const key = Symbol.for(`common-gateway.${name}`)
  const shared: unknown = Reflect.get(process, key)
  // The name stands for the interface.
  if (shared !== undefined) return shared as Shared
  const created = create()
  Object.defineProperty(process, key, { value: created })
  return created
}
