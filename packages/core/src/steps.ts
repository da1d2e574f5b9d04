/**
 * The steps of a request as functions, for other applications, tests and tools: the entry
 * `@common-gateway/core/steps`. They keep no state between calls; some read the file system.
 */
export { isInside } from './data/path-inside.js'
export { createCommandLine } from './environment/command-line.js'
export { createMetaVariables, type MetaVariablesInput } from './environment/meta-variables.js'
export { hintFor } from './failure/hint.js'
export type { Interpreter } from './options/interpreters.js'
export { findProgram, isProgram } from './options/program-search.js'
export type { ScriptSource } from './options/script-source.js'
export { createSettings, type Settings } from './options/settings.js'
export { parseRequestTarget, type RequestTarget } from './request/target.js'
export {
  createHeaderParser,
  type HeaderParser,
  type ScriptHeader,
} from './response/header-parser.js'
export { type FileRequest, openFile, type OpenedFile } from './response/opened-file.js'
export { type ResponseHead, toResponse } from './response/response-head.js'
export { type FoundScript, lookUpScript, type LookupSettings } from './script/lookup.js'
export { hasNameOrCopy, mayBeSource, type OtherFileSettings } from './script/other-file.js'
export type { Finder, FolderRedirect, OtherFile, Resource, Script } from './script/finder.js'
export { chooseFinder, type FinderSettings } from './script/finder-choice.js'
export { type PathSettings, parseScriptPath } from './script/script-path.js'
export type { ScriptLocation, ScriptPath } from './transport/script-finder.js'
