export { breakResponse, endConnectionAfter, unwatchClient } from './client-connection.js'
export { createCommandLine } from './command-line.js'
export { DEFAULTS } from './defaults.js'
export {
  CgiError,
  type CgiErrorCode,
  type CgiErrorDetails,
} from './errors.js'
export { isList, uniteLists } from './field-lists.js'
export { type CgiHandler, createCgiHandler } from './handler.js'
export { hintFor } from './error-hint.js'
export { createErrorPage, type ErrorPage } from './error-page.js'
export type { HeaderField } from './header-fields.js'
export {
  createHeaderParser,
  type HeaderParser,
  type ScriptHeader,
} from './header-parser.js'
export { type CgiLogger, describeFailure } from './logger.js'
export type {
  CgiRequest,
  CgiResponse,
  ClientSignal,
  DeliveryLimits,
  LocalRedirect,
  LocalRedirects,
  NonParsedResponse,
} from './message.js'
export { findMount, type MountOptions, takeMount } from './mount.js'
export { hasNameOrCopy, mayBeSource, type OtherFileSettings } from './other-file.js'
export { createMetaVariables, type MetaVariablesInput } from './meta-variables.js'
export {
  type FrameworkView,
  groupByName,
  sendCgiResponse,
  toCgiRequest,
} from './node-http.js'
export { type FileRequest, openFile, type OpenedFile } from './opened-file.js'
export type { CgiOptions, CgiUser } from './options.js'
export type { ProcessOptions } from './process-options.js'
export { parseRequestTarget, type RequestTarget } from './request-target.js'
export { type ResponseHead, toResponse } from './response.js'
export { discardBody, prepareResponse } from './response-stream.js'
export type { CgiRun, CgiStats, CgiWait } from './run-diagnostics.js'
export {
  type FolderRedirect,
  type OtherFile,
  type Resource,
  resolveScript,
  type Script,
  type ScriptSettings,
} from './script.js'
export { applyLocalRedirect, clientRequestOf, isLocalRedirect } from './local-redirect.js'
export type { CgiAnswer } from './script-answer.js'
export { type FoundScript, lookUpScript, type LookupSettings } from './script-lookup.js'
export { type Command, createSettings, type ScriptSource, type Settings } from './settings.js'
export { toOriginForm } from './url-path.js'
