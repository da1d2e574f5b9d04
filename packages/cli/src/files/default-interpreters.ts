import { findProgram } from '@common-gateway/core/steps'

/** What runs the scripts with an extension that are not executable, if it is installed. */
export interface DefaultInterpreter {
  readonly extension: string
  /** The name of the program. */
  readonly name: string
  /** Its package in Debian. */
  readonly package: string
  /** Absolute path; undefined where it is not installed. */
  readonly program: string | undefined
}

const KNOWN = [
  ['.py', 'python3', 'python3'],
  ['.pl', 'perl', 'perl'],
  // Not php, which prints no header and reads no request.
  ['.php', 'php-cgi', 'php-cgi'],
  ['.rb', 'ruby', 'ruby'],
  ['.sh', 'sh', 'dash'],
  ['.js', 'node', 'nodejs'],
] as const

/** Looks for the interpreters of the extensions that everybody knows. */
export function findDefaultInterpreters(): DefaultInterpreter[] {
  return KNOWN.map(([extension, name, debianPackage]) => {
    // The one that runs this is at hand, whatever PATH says.
    const program = name === 'node' ? process.execPath : findProgram(name)
    return { extension, name, package: debianPackage, program }
  })
}
