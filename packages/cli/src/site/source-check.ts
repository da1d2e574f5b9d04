import { mayBeSource } from '@common-gateway/core/steps'
import path from 'node:path'
import type { Site } from './site.js'

/** Judges whether a file could be the source of a script, or a copy of one, so that it is not sent. */
export type SourceCheck = (file: string, realFile: string) => boolean

/** Prepares to judge the files of a site: what decides is looked up once. */
export function createSourceCheck(site: Site): SourceCheck {
  const { scriptExtensions, sentExtensions, interpreters } = site
  const settings = {
    extensions: new Set(scriptExtensions),
    interpreters: new Map(Object.entries(interpreters)),
  }
  return (file, realFile) => {
    if (sentExtensions.has(path.extname(file))) return false
    return mayBeSource(file, file !== realFile, settings)
  }
}
