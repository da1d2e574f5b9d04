/** Exit code for arguments that make no sense; shells and most commands use it so. */
const BAD_ARGUMENTS = 2
/** Exit code for what the arguments asked for and could not be done. */
const FAILED = 1

/** A failure that the person at the keyboard can mend: its message is all they get to see. */
export class CommandError extends Error {
  /** What the process exits with. */
  readonly exitCode: number

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

/** The error for an argument; `message` names it and the value it has. */
export function badArgument(message: string): CommandError {
  return new CommandError(`${message} (common-gateway --help shows how)`, BAD_ARGUMENTS)
}

/** The error for a server that cannot be started as it was asked for. */
export function cannotStart(message: string, cause?: unknown): CommandError {
  return new CommandError(message, FAILED, cause)
}
