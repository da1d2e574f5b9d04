// Imports each sample in a folder, given as argument, and prints for each that fails its name and why.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , folder = ''] = process.argv
const names = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name))
for (const name of names) {
  try {
    await import(pathToFileURL(path.join(folder, name)).href)
  } catch (error) {
    console.log(`${name}: ${String(error)}`)
  }
}
console.log(`${names.length} samples`)
// Their servers still listen.
process.exit()
