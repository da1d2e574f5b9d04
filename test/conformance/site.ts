import {
  chmod,
  cp,
  copyFile,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that a server serves, made anew for each run. */
export interface Site {
  /** Holds all that belongs to the run; others than its owner may read it. */
  readonly folder: string
  /** The root of the site, which holds `cgi-bin`. */
  readonly root: string
  remove(): Promise<void>
}

const SCRIPTS = fileURLToPath(new URL('../../conformance/cgi-bin', import.meta.url))

/** Other names for scripts, which a repository had better not have in it. */
const COPIES = {
  'report.cgi': [
    '-option.cgi',
    'caf\u00e9.cgi',
    'no-extension',
    'plus+sign.cgi',
    'two words.cgi',
    'semi;colon.cgi',
    'per%cent.cgi',
    'folder/report.cgi',
    'folder/inner/report.cgi',
  ],
  'say.cgi': ['nph-say.cgi'],
} as const

/** Makes a site of the scripts of this folder. */
export async function createSite(): Promise<Site> {
  // The real path, since scripts tell theirs.
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'common-gateway-conformance-')))
  // A server may run its scripts as another user.
  await chmod(folder, 0o755)
  const root = path.join(folder, 'site')
  const cgiBin = path.join(root, 'cgi-bin')
  await mkdir(path.join(cgiBin, 'folder/inner'), { recursive: true })
  await cp(SCRIPTS, cgiBin, { recursive: true })
  for (const [script, names] of Object.entries(COPIES)) {
    for (const name of names) await copyFile(path.join(cgiBin, script), path.join(cgiBin, name))
  }
  await writeFile(path.join(folder, 'outside.cgi'), SECRET, { mode: 0o755 })
  await symlink(path.join(folder, 'outside.cgi'), path.join(cgiBin, 'link-out.cgi'))
  await writeFile(path.join(cgiBin, 'not-executable.cgi'), SECRET, { mode: 0o644 })
  return { folder, root, remove: () => rm(folder, { recursive: true }) }
}

/** Neither to be run nor to be shown. */
const SECRET = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nsecret'\n"
