import { findProgram, invalidOption } from '@common-gateway/core/transport'
import { statSync } from 'node:fs'
import { parseAddress } from './address.js'
import type { FastcgiOptions } from './options.js'

/**
 * The options that a program, a command or an address stands for.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION for a path that leads neither to a program nor to a socket.
 */
export function toOptions(value: string | readonly string[] | FastcgiOptions): FastcgiOptions {
  if (typeof value === 'string') return isAddress(value) ? { address: value } : { spawn: value }
  if (!isArray(value)) return value
  return value.length > 0 && value.every(isAddress) ? { address: value } : { spawn: value }
}

/** Without a slash, an address has a port. */
function isAddress(text: unknown): boolean {
  if (typeof text !== 'string' || parseAddress(text) === undefined) return false
  if (!text.includes('/')) return true
  if (findProgram(text) !== undefined) return false
  if (isSocketPath(text)) return true
  const rule =
    'the path of a program that can be run, or of a socket (one that is not there yet ends in `.sock` or ' +
    '`.socket`, or begins with `unix:`)'
  throw invalidOption('options', rule, text)
}

/** A socket may be created later: its name tells it then. */
function isSocketPath(text: string): boolean {
  if (text.startsWith('unix:') || /\.sock(?:et)?$/.test(text)) return true
  try {
    return statSync(text).isSocket()
  } catch {
    return false
  }
}

/** `Array.isArray` tells nothing of arrays that are read-only. */
function isArray(value: unknown): value is readonly string[] {
  return Array.isArray(value)
}
