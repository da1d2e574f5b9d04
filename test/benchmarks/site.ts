import { execFile } from 'node:child_process'
import { chmod, copyFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createEmptySite, type Site } from '../servers/site.js'

const PROGRAMS = fileURLToPath(new URL('../../benchmarks/programs', import.meta.url))

const run = promisify(execFile)

/** Makes a site of the programs of this folder: `small.c` becomes `/cgi-bin/small-c.cgi`. */
export async function createSite(compiler: string): Promise<Site> {
  const site = await createEmptySite('benchmarks')
  for (const name of await readdir(PROGRAMS)) {
    const source = path.join(PROGRAMS, name)
    const program = path.join(site.cgiBin, `${name.replace('.', '-')}.cgi`)
    if (path.extname(name) === '.c') await run(compiler, ['-O2', '-o', program, source])
    else await copyFile(source, program)
    await chmod(program, 0o755)
  }
  return site
}
