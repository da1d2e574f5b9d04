export { breakResponse, endConnectionAfter, unwatchClient } from './http/client-connection.js'
export { createCommandLine } from './environment/command-line.js'
export { DEFAULTS } from './options/defaults.js'
export {
  CgiError,
  type CgiErrorCode,
  type CgiErrorDetails,
} from './data/cgi-error.js'
export { isList, uniteLists } from './http/field-lists.js'
export { type CgiHandler, createCgiHandler } from './gateway.js'
export { hintFor } from './failure/hint.js'
export { createErrorPage, type ErrorPage } from './failure/error-page.js'
export type { HeaderField } from './data/header-fields.js'
export {
  createHeaderParser,
  type HeaderParser,
  type ScriptHeader,
} from './response/header-parser.js'
export { type CgiLogger, describeFailure } from './data/logger.js'
export type {
  CgiRequest,
  CgiResponse,
  ClientSignal,
  DeliveryLimits,
  LocalRedirect,
  LocalRedirects,
  NonParsedResponse,
} from './data/message.js'
export { findMount, type MountOptions, takeMount } from './request/mount.js'
export { hasNameOrCopy, mayBeSource, type OtherFileSettings } from './script/other-file.js'
export { createMetaVariables, type MetaVariablesInput } from './environment/meta-variables.js'
export {
  type FrameworkView,
  groupByName,
  sendCgiResponse,
  toCgiRequest,
} from './http/node-http.js'
export { type FileRequest, openFile, type OpenedFile } from './response/opened-file.js'
export type { CgiOptions, CgiUser } from './options/options.js'
export type { ProcessOptions } from './options/process-options.js'
export { parseRequestTarget, type RequestTarget } from './request/target.js'
export { type ResponseHead, toResponse } from './response/response-head.js'
export { discardBody, prepareResponse } from './http/response-stream.js'
export type { CgiRun, CgiStats, CgiWait } from './run/diagnostics.js'
export {
  type FolderRedirect,
  type OtherFile,
  type Resource,
  resolveScript,
  type Script,
  type ScriptSettings,
} from './script/script.js'
export { applyLocalRedirect, clientRequestOf, isLocalRedirect } from './http/local-redirect.js'
export type { CgiAnswer } from './response/answer.js'
export { type FoundScript, lookUpScript, type LookupSettings } from './script/lookup.js'
export type { CalledScript, Command } from './transport/transport.js'
export {
  createSettings,
  type ScriptSource,
  type Settings,
} from './options/settings.js'
export { toOriginForm } from './request/url-path.js'
