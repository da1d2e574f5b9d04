/** Why an environment cannot hold these variables; undefined if it can. */
export function findBadVariable(variables: Readonly<Record<string, unknown>>): string | undefined {
  // Runs for each request: Object.entries() would allocate a pair for each variable.
  for (const name of Object.keys(variables)) {
    const value = variables[name]
    if (name === '' || name.includes('=') || name.includes('\0')) {
      return `the name ${JSON.stringify(name)} is invalid`
    }
    if (typeof value !== 'string') return `the value of ${name} is not a string`
    if (value.includes('\0')) return `the value of ${name} contains a NUL`
  }
  return undefined
}
