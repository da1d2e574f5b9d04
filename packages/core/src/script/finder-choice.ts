import type { Settings } from '../options/settings.js'
import { guardFinder } from '../transport/guarded-finder.js'
import type { Finder } from './finder.js'
import { type InterpreterSettings, toScript } from './interpreter.js'
import { toPath } from './script-path.js'
import { TreeFinder, type TreeFinderSettings } from './tree-finder.js'

/** The settings that decide how scripts are found. */
export type FinderSettings = TreeFinderSettings & Pick<Settings<never>, 'source'>

/** Makes the finder for the source of the scripts. */
export function chooseFinder(settings: FinderSettings): Finder {
  const { source } = settings
  switch (source.type) {
    case 'root':
      return new TreeFinder(source.folder, settings)
    case 'script':
      return createProgramFinder(source.file, settings)
    case 'transport':
      return guardFinder(source.finder)
  }
}

/** One program answers every path below the mount. */
function createProgramFinder(file: string, settings: InterpreterSettings): Finder {
  return {
    find: ({ mountName, segments }) => toScript(file, mountName, toPath(segments), settings),
    recheck() {},
  }
}
