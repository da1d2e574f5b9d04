import { badArgument } from '../settings/command-error.js'
import { tell } from '../text/command-message.js'
import { BasicAuthentication } from './basic-authentication.js'
import { PasswordFile } from './password-file.js'

/** Prepares to let in those whom a file names. @throws {CommandError} that says what is wrong with it. */
export function openAuthentication(file: string): BasicAuthentication {
  let report = (problem: string): void => {
    throw badArgument(`--auth: ${problem}`)
  }
  const passwords = new PasswordFile(file, (problem) => report(problem))
  const { checks } = passwords.read()
  if (checks.size === 0) report(`${file} has no names: htpasswd -B ${file} NAME adds one`)
  // Once the server runs, a mistake in the file does not end it.
  report = (problem) => tell(`--auth: ${problem}`)
  return new BasicAuthentication(passwords)
}
