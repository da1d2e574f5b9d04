import { mayBeSource } from '@common-gateway/core/steps'
import path from 'node:path'
import type { Site } from './site.js'

/** Whether a file can be the source of a script, or a copy of one. Such a file is not sent. */
export type SourceCheck = (file: string, realFile: string) => boolean

/** Creates the check for the files of a site. */
export function createSourceCheck(site: Site): SourceCheck {
  const { scriptExtensions, sentExtensions, interpreters, servers } = site
  const settings = {
    extensions: new Set(scriptExtensions),
    interpreters: new Map(Object.entries({ ...interpreters, ...servers })),
  }
  return (file, realFile) => {
    if (sentExtensions.has(path.extname(file))) return false
    return mayBeSource(file, file !== realFile, settings)
  }
}
