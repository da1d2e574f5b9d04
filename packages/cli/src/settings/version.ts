import { readFile } from 'node:fs/promises'

/** The version of the command. */
export async function readVersion(): Promise<string> {
  const text = await readFile(new URL(import.meta.resolve('#package.json')), 'utf8')
  // The package's own file: it is there, and has a version.
  return (JSON.parse(text) as { version: string }).version
}
