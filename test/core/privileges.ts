/** Runs a function as the user `nobody`, since the superuser may read everything. */
export async function withoutPrivileges<Result>(act: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return act()
  // The number of the user `nobody`, by convention.
  process.seteuid?.(65_534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}
