import { execFile } from 'node:child_process'
import { chmod, copyFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createEmptySite, type Site } from '../servers/site.js'
import { addAwstats } from './awstats.js'
import { limitProgram } from './limit.js'
import { PhpPool } from './php-pool.js'

const SOURCES = fileURLToPath(new URL('../../benchmarks', import.meta.url))

/** Those that have no C library have no use for what it does before main(). */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  'tiny.c': ['-static', '-nostartfiles'],
}

const run = promisify(execFile)

/** The site, and what the servers of it share. */
export interface BenchmarkSite extends Site {
  readonly php: PhpPool
}

/** A server has to know these by their extension. */
const KEEPS_NAME = new Set(['.php'])

/**
 * Makes a site of the programs of this folder: `small.c` becomes `/cgi-bin/small-c.cgi`, and `small.php` keeps
 * its name.
 */
export async function createSite(compiler: string): Promise<BenchmarkSite> {
  const site = await createEmptySite('benchmarks')
  const compile = (source: string, program: string, flags: readonly string[] = []) =>
    run(compiler, ['-O2', ...flags, '-o', program, source])
  for (const name of await readdir(path.join(SOURCES, 'programs'))) {
    const source = path.join(SOURCES, 'programs', name)
    const file = KEEPS_NAME.has(path.extname(name)) ? name : `${name.replace('.', '-')}.cgi`
    const program = path.join(site.cgiBin, file)
    if (path.extname(name) === '.c') await compile(source, program, FLAGS[name])
    else await copyFile(source, program)
    await chmod(program, 0o755)
  }
  await compile(path.join(SOURCES, 'hosts', 'limit.c'), limitProgram(site))
  await addAwstats(site.cgiBin, site.folder)
  const php = new PhpPool(site.folder)
  return {
    ...site,
    php,
    async remove() {
      await php.close()
      await site.remove()
    },
  }
}
