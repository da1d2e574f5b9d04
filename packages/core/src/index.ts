/** What an application needs: the gateway, its options, its errors. */
export { CgiError, type CgiErrorCode, type CgiErrorDetails } from './data/cgi-error.js'
export type { HeaderField } from './data/header-fields.js'
export type { CgiLogger } from './data/logger.js'
export type {
  CgiRequest,
  CgiResponse,
  ClientSignal,
  DeliveryLimits,
  LocalRedirect,
  LocalRedirects,
  NonParsedResponse,
} from './data/message.js'
export { createErrorPage, type ErrorPage } from './failure/error-page.js'
export { type CgiHandler, createCgiHandler } from './gateway.js'
export { isLocalRedirect } from './http/local-redirect.js'
export { DEFAULTS } from './options/defaults.js'
export type { CgiOptions, CgiUser } from './options/options.js'
export type { ProcessOptions } from './options/process-options.js'
export type { CgiAnswer } from './response/answer.js'
export type { CgiStats, CgiWait } from './run/diagnostics.js'
export type { CgiRun } from './run/record.js'
export type { CgiStandardErrorLine } from './run/standard-error.js'
