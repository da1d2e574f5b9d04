/** What no environment can hold of these variables, with the reason; undefined where it can hold all. */
export function findBadVariable(variables: Readonly<Record<string, unknown>>): string | undefined {
  // Not Object.entries(): it is done for each request, and would make a pair for each variable.
  for (const name of Object.keys(variables)) {
    const value = variables[name]
    if (name === '' || name.includes('=') || name.includes('\0')) {
      return `the name ${JSON.stringify(name)} is not valid`
    }
    if (typeof value !== 'string') return `the value of ${name} is not a string`
    if (value.includes('\0')) return `the value of ${name} holds a NUL`
  }
  return undefined
}
