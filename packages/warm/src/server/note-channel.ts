import { channel } from 'node:diagnostics_channel'

/** A message of the channel `common-gateway:warm:note`: what a fork server does, and why. */
export interface WarmNote {
  /** Absolute path of the script; a byte string. */
  readonly script: string
  /** Process id of the fork server; undefined before its start. */
  readonly pid: number | undefined
  /** `ready`, `plain: it reads QUERY_STRING while it is compiled`, a line of its standard error. */
  readonly text: string
}

const notes = channel('common-gateway:warm:note')

/** Publishes a message, if the channel has a subscriber. */
export function publishNote(note: WarmNote): void {
  if (notes.hasSubscribers) notes.publish(note)
}
