/** What PHP writes to standard error for a file that it does not find, or does not run. */
const MESSAGES = ['Primary script unknown', 'Unable to open primary script']

export const MISSING_SCRIPT_HINT =
  'The application server does not find the script that was found here. Its folder has another path there, as in ' +
  'another container or under a chroot: set the option `root` of fastcgi() to that path.'

/** Whether standard error says that the script does not exist there. */
export function isScriptMissing(standardError: Buffer): boolean {
  return MESSAGES.some((message) => standardError.includes(message))
}
