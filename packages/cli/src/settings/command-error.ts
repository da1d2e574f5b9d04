/** Exit code for invalid arguments, as in shells and most commands. */
const BAD_ARGUMENTS = 2
/** Exit code for valid arguments with which the server cannot start. */
const FAILED = 1

/** A failure that the user can fix. The command prints its message and no stack. */
export class CommandError extends Error {
  /** Exit code of the process. */
  readonly exitCode: number

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

/** The error for an invalid argument; `message` names the argument and its value. */
export function badArgument(message: string): CommandError {
  return new CommandError(`${message} (common-gateway --help shows how)`, BAD_ARGUMENTS)
}

/** The error for a server that cannot start with valid arguments. */
export function cannotStart(message: string, cause?: unknown): CommandError {
  return new CommandError(message, FAILED, cause)
}
