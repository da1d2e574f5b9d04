import { cp, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEmptySite, type Site } from '../servers/site.js'

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
  const site = await createEmptySite('conformance')
  const { folder, cgiBin } = site
  await mkdir(path.join(cgiBin, 'folder/inner'), { recursive: true })
  await cp(SCRIPTS, cgiBin, { recursive: true })
  for (const [script, names] of Object.entries(COPIES)) {
    for (const name of names) await copyFile(path.join(cgiBin, script), path.join(cgiBin, name))
  }
  await writeFile(path.join(folder, 'outside.cgi'), SECRET, { mode: 0o755 })
  await symlink(path.join(folder, 'outside.cgi'), path.join(cgiBin, 'link-out.cgi'))
  await writeFile(path.join(cgiBin, 'not-executable.cgi'), SECRET, { mode: 0o644 })
  return site
}

/** Neither to be run nor to be shown. */
const SECRET = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nsecret'\n"
