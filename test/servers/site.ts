import { rmSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The folder that a server serves, made anew for each run. */
export interface Site {
  /** Holds all that belongs to the run; others than its owner may read it. */
  readonly folder: string
  /** The root of the site, which holds `cgi-bin`. */
  readonly root: string
  /** Where the scripts go. */
  readonly cgiBin: string
  remove(): Promise<void>
}

/** Makes a site without scripts. */
export async function createEmptySite(purpose: string): Promise<Site> {
  // The real path, since scripts tell theirs.
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), `common-gateway-${purpose}-`)))
  // A server may run its scripts as another user.
  await chmod(folder, 0o755)
  const root = path.join(folder, 'site')
  const cgiBin = path.join(root, 'cgi-bin')
  await mkdir(cgiBin, { recursive: true })
  const removeWithUs = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeWithUs)
  return {
    folder,
    root,
    cgiBin,
    async remove() {
      await rm(folder, { recursive: true })
      process.off('exit', removeWithUs)
    },
  }
}
