import type { Delivery } from './delivery.js'

/** What has become of a response. The requests that local redirects make have one response, so they share it. */
export class ResponseProgress {
  /** Whether a script answers. If something else does, the script's output has no recipient. */
  isBegun = false
  /** Whether that script writes all of it itself, status line included (NPH). */
  isNonParsed = false
  /** Whether the end of the connection is decided when the response is finished. */
  mayEndConnection = false
  /** How the client takes it; undefined where nothing bounds that. */
  delivery: Delivery | undefined
}
