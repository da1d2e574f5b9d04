import path from 'node:path'
import { type Interpreter, isCommand } from '../options/interpreters.js'
import type { Settings } from '../options/settings.js'
import type { Command } from '../transport/transport.js'
import type { Script } from './finder.js'
import { isExecutable } from './other-file.js'

/** The settings that decide how a script is run. */
export type InterpreterSettings = Pick<
  Settings<never>,
  'interpreters' | 'fallbackInterpreters' | 'needsExecutable'
>

/** Whether the system, an interpreter or a transport can run a file. */
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

/** A file as a script, with the command or the transport that runs it. */
export function toScript(
  file: string,
  scriptName: string,
  pathInfo: string,
  settings: InterpreterSettings,
): Script {
  const interpreter = findInterpreter(file, settings)
  if (interpreter !== undefined && !isCommand(interpreter)) {
    return { type: 'script', file, scriptName, pathInfo, command: [file], transport: interpreter }
  }
  const command: Command = interpreter === undefined ? [file] : [...interpreter, file]
  return { type: 'script', file, scriptName, pathInfo, command }
}

/** Undefined for a script that the system runs. */
function findInterpreter(
  file: string,
  { interpreters, fallbackInterpreters }: InterpreterSettings,
): Interpreter | undefined {
  const extension = path.extname(file)
  const interpreter = interpreters.get(extension)
  if (interpreter !== undefined || fallbackInterpreters.size === 0) return interpreter
  return isExecutable(file) ? undefined : fallbackInterpreters.get(extension)
}
