/**
 * The entry `@common-gateway/core/adapter`: connects the requests and responses of a framework to the gateway.
 * It also exports each type that these functions take or return.
 */
export type { CgiError, CgiErrorCode, CgiErrorDetails } from './data/cgi-error.js'
export type { HeaderField } from './data/header-fields.js'
export { type CgiLogger, describeFailure } from './data/logger.js'
export type * from './data/message.js'
export type { FrameworkView } from './http/cgi-request.js'
export { Exchange } from './http/exchange.js'
export { clientRequestOf } from './http/local-redirect.js'
export { breakResponse } from './http/protocol-choice.js'
export type { FieldTarget } from './http/response-fields.js'
export { findMount, type MountOptions, takeMount } from './request/mount.js'
export { toOriginForm } from './request/url-path.js'
