/**
 * What an adapter to a framework needs between its requests and the gateway: the entry
 * `@common-gateway/core/adapter`.
 */
export { describeFailure } from './data/logger.js'
export { breakResponse, endConnectionAfter, unwatchClient } from './http/client-connection.js'
export { isList, uniteLists } from './http/field-lists.js'
export { applyLocalRedirect, clientRequestOf } from './http/local-redirect.js'
export {
  type FrameworkView,
  groupByName,
  sendCgiResponse,
  toCgiRequest,
} from './http/node-http.js'
export { discardBody, prepareResponse } from './http/response-stream.js'
export { findMount, type MountOptions, takeMount } from './request/mount.js'
export { toOriginForm } from './request/url-path.js'
