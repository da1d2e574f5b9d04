import { findProgram } from '@common-gateway/core/transport'
import { parseAddress } from './address.js'
import type { FastcgiOptions } from './options.js'

/** The options that a program, a command or an address stands for. */
export function toOptions(value: string | readonly string[] | FastcgiOptions): FastcgiOptions {
  if (typeof value === 'string') return isAddress(value) ? { address: value } : { spawn: value }
  if (!isArray(value)) return value
  return value.length > 0 && value.every(isAddress) ? { address: value } : { spawn: value }
}

/** A path that leads to a program is that program. */
function isAddress(text: unknown): boolean {
  if (typeof text !== 'string' || parseAddress(text) === undefined) return false
  return !text.includes('/') || findProgram(text) === undefined
}

/** `Array.isArray` tells nothing of arrays that are read-only. */
function isArray(value: unknown): value is readonly string[] {
  return Array.isArray(value)
}
