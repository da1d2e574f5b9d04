import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { isInside } from '@common-gateway/core/steps'
import { adviseOn } from './script-check.js'
import { quoteArgument } from '../text/shell-argument.js'
import type { CgiFolder, Site } from '../site/site.js'

/** A file in a folder of scripts that cannot be run. */
interface Problem {
  /** Path relative to the served folder. */
  readonly name: string
  /** The reason, and a remedy. */
  readonly advice: string
}

/** The content of a folder of scripts. */
export interface ScriptSurvey {
  readonly url: string
  readonly folder: string
  /** Whether the folder exists. */
  readonly isThere: boolean
  /** How many files can be run. */
  readonly count: number
  /** The files that cannot be run. */
  readonly problems: readonly Problem[]
}

/** A limit, since the survey delays the start screen and a tree can be very large. */
const MOST_FOLDERS = 200

/** Checks the files of a folder of scripts and of its subfolders. */
export async function surveyScripts(cgiFolder: CgiFolder, site: Site): Promise<ScriptSurvey> {
  const { url, folder } = cgiFolder
  const problems: Problem[] = []
  const roots = [await realpath(folder).catch(() => folder), ...site.linkRoots]
  const folders = [folder]
  let count = 0
  let isThere = false
  for (const [index, current] of folders.entries()) {
    const entries = await readdir(current, { withFileTypes: true }).catch(() => null)
    if (entries === null) continue
    if (index === 0) isThere = true
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(current, entry.name)
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory() && folders.length < MOST_FOLDERS) folders.push(file)
      const target = entry.isSymbolicLink() ? await realpath(file).catch(() => null) : file
      if (target === null || !(await isFile(file))) continue
      if (target !== file && !roots.some((root) => isInside(target, root))) {
        problems.push({ name: path.relative(site.folder, file), advice: briefOnLink(target) })
        continue
      }
      const advice = adviseOn(file, site)
      if (advice === undefined) count += 1
      else if (!advice.isData)
        problems.push({ name: path.relative(site.folder, file), advice: advice.brief })
    }
  }
  return { url, folder, isThere, count, problems }
}

async function isFile(name: string): Promise<boolean> {
  return stat(name).then(
    (status) => status.isFile(),
    () => false,
  )
}

function briefOnLink(target: string): string {
  return `a link to ${target}: --link-root ${quoteArgument(path.dirname(target))} allows it`
}
