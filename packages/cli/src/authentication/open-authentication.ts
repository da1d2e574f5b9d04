import { badArgument } from '../settings/command-error.js'
import { writeMessage } from '../text/command-message.js'
import { BasicAuthentication } from './basic-authentication.js'
import { PasswordFile } from './password-file.js'

/** Reads the file of users and passwords. @throws {CommandError} that says what is wrong with it. */
export function openAuthentication(file: string): BasicAuthentication {
  let report = (problem: string): void => {
    throw badArgument(`--auth: ${problem}`)
  }
  const passwords = new PasswordFile(file, (problem) => report(problem))
  const { checks } = passwords.read()
  if (checks.size === 0) report(`${file} has no users; htpasswd -B ${file} NAME adds one`)
  // While the server runs, a mistake in the file is reported and does not end it.
  report = (problem) => writeMessage(`--auth: ${problem}`)
  return new BasicAuthentication(passwords)
}
