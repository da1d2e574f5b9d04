import type { CgiLogger } from '@common-gateway/core/transport'

/** What PHP writes to standard error for a file that it does not find, or does not run. */
const MESSAGES = ['Primary script unknown', 'Unable to open primary script']

const HINT =
  'The application server does not find the script that was found here. Its folder has another path there, as in ' +
  'another container or under a chroot: set the option `root` of fastcgi() to that path.'

/** Logs, once for each gateway, what to do where an upstream does not find a script. */
export class MissingScriptWarning {
  readonly #logger: CgiLogger
  #isLogged = false

  constructor(logger: CgiLogger) {
    this.#logger = logger
  }

  /** Looks at a part of standard error. @param environment - of the request. */
  observe(
    standardError: Buffer,
    { SCRIPT_FILENAME: script }: Readonly<Record<string, string>>,
  ): void {
    if (this.#isLogged || !MESSAGES.some((message) => standardError.includes(message))) return
    this.#isLogged = true
    this.#logger.warn({ script, hint: HINT }, 'the application server does not find the script')
  }
}
