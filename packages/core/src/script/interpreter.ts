import path from 'node:path'
import type { Settings } from '../options/settings.js'
import type { Command } from '../transport/transport.js'
import { isExecutable } from './other-file.js'

/** The settings that decide how a script is run. */
export type InterpreterSettings = Pick<
  Settings<never>,
  'interpreters' | 'fallbackInterpreters' | 'needsExecutable'
>

/** Whether the system, or an interpreter, can run a file. */
export function isRunnable(file: string, settings: InterpreterSettings): boolean {
  const extension = path.extname(file)
  const { interpreters, fallbackInterpreters, needsExecutable } = settings
  return (
    !needsExecutable ||
    interpreters.has(extension) ||
    fallbackInterpreters.has(extension) ||
    isExecutable(file)
  )
}

/** The command that runs a script: its interpreter, if it has one, and the script. */
export function toCommand(file: string, settings: InterpreterSettings): Command {
  const interpreter = findInterpreter(file, settings)
  return interpreter === undefined ? [file] : [...interpreter, file]
}

/** Undefined for a script that the system runs. */
function findInterpreter(
  file: string,
  { interpreters, fallbackInterpreters }: InterpreterSettings,
): Command | undefined {
  const extension = path.extname(file)
  const interpreter = interpreters.get(extension)
  if (interpreter !== undefined || fallbackInterpreters.size === 0) return interpreter
  return isExecutable(file) ? undefined : fallbackInterpreters.get(extension)
}
