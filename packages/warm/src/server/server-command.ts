import { type Command, toByteString } from '@common-gateway/core/transport'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readStatus } from '../script/file-signature.js'
import type { Interpreter } from '../script/interpreter.js'

/** The script of a fork server, and all that its requests have in common. */
export interface ServerDescription {
  readonly interpreter: Interpreter
  /** Absolute path; a byte string. */
  readonly script: string
  readonly cwd: string
  /** The variables that belong to no request. */
  readonly environment: Readonly<Record<string, string>>
  /** The option `modules`. */
  readonly modules: readonly string[]
  /** In seconds, for each child. */
  readonly cpuTimeLimit: number | undefined
}

/** The version of the protocol between this package and its files in `interpreters`. */
const VERSION = 1

const FOLDER = toByteString(path.dirname(fileURLToPath(import.meta.resolve('#python'))))

/** The command of a fork server. It has no arguments of a query. */
export function serverCommand({ interpreter, script }: ServerDescription): Command {
  const { language, program, flags } = interpreter
  // The modules `warnings` and `traceback` of Python hide the frames of files with this name.
  if (language === 'python') return [program, ...flags, `${FOLDER}/importlib_bootstrap.py`, script]
  return [program, ...flags, `-I${FOLDER}`, '-MCommonGatewayForkServer', script]
}

/** The environment of a fork server, which removes COMMON_GATEWAY_WARM before the script can see it. */
export function serverEnvironment(description: ServerDescription): Record<string, string> {
  const { interpreter, environment, modules, cpuTimeLimit } = description
  const facts = [
    `version=${VERSION}`,
    `cpu=${cpuTimeLimit ?? '-'}`,
    `modules=${modules.join(',')}`,
    `arch=${process.arch}`,
    // Another program than this one, such as a wrapper in C, would have started the interpreter in its own way.
    `program=${interpreter.isShim ? 'shim' : identify(interpreter.program)}`,
    `decisive=${interpreter.decisive.map(describe).join('\n')}`,
  ]
  return { ...environment, COMMON_GATEWAY_WARM: facts.join(';') }
}

/** Device and inode of a file. @param file - a byte string. */
function identify(file: string): string {
  const found = readStatus(file)
  return found === undefined ? '' : `${found.dev}:${found.ino}`
}

/** A file, and whether it is there before the process starts: `+` or `-`. A byte string. */
function describe(file: string): string {
  const escaped = file.replace(
    /[%;\n]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `${readStatus(file) === undefined ? '-' : '+'}${escaped}`
}
