/**
 * What an adapter to a framework needs between its requests and the gateway: the entry
 * `@common-gateway/core/adapter`.
 */
export { describeFailure } from './data/logger.js'
export type { FrameworkView } from './http/cgi-request.js'
export { Exchange } from './http/exchange.js'
export { clientRequestOf } from './http/local-redirect.js'
export { breakResponse } from './http/protocol-choice.js'
export type { FieldTarget } from './http/response-fields.js'
export { findMount, type MountOptions, takeMount } from './request/mount.js'
export { toOriginForm } from './request/url-path.js'
