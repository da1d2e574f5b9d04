/**
 * Where messages go: pino's shape, so `request.log` of Fastify, pino and console-like loggers fit.
 * The first argument holds the facts (script, pid, err), the second the sentence. A line of a script's
 * standard error comes with `script` and `pid` alone; what the gateway itself has to say of a script
 * has a fact more (`err`, `reason`, `exitCode`, `droppedBytes`).
 */
export interface CgiLogger {
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Writes each message as one line to the standard error of this process. */
export const processLogger: CgiLogger = { warn: writeLine, error: writeLine }

function writeLine(facts: object, message: string): void {
  const words = [message]
  for (const [name, value] of Object.entries(facts)) words.push(...describe(name, value))
  process.stderr.write(`common-gateway: ${words.map(escapeControls).join(' ')}\n`)
}

function describe(name: string, value: unknown): string[] {
  if (value === undefined) return []
  if (!(value instanceof Error)) return [`${name}=${JSON.stringify(value)}`]
  // An error's own fields hold what is worth knowing; its sentence is the message already.
  return Object.entries(value).flatMap(([field, fact]) => describe(field, fact))
}

/** What a script writes must not move the cursor of the terminal, nor begin a line of its own. */
function escapeControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
