import { findProgram } from '@common-gateway/core/steps'

/** The interpreter of scripts that have this extension and are not executable. */
export interface DefaultInterpreter {
  readonly extension: string
  /** The name of the program. */
  readonly name: string
  /** Its package in Debian. */
  readonly package: string
  /** Absolute path; undefined if it is not installed. */
  readonly program: string | undefined
}

const KNOWN = [
  ['.py', 'python3', 'python3'],
  ['.pl', 'perl', 'perl'],
  // The program `php` is the command-line interface, which writes no header.
  ['.php', 'php-cgi', 'php-cgi'],
  ['.rb', 'ruby', 'ruby'],
  ['.sh', 'sh', 'dash'],
  ['.js', 'node', 'nodejs'],
] as const

/** Finds the interpreters of the usual extensions. */
export function findDefaultInterpreters(): DefaultInterpreter[] {
  return KNOWN.map(([extension, name, debianPackage]) => {
    // This process runs Node.js, so it is installed even if PATH does not have it.
    const program = name === 'node' ? process.execPath : findProgram(name)
    return { extension, name, package: debianPackage, program }
  })
}
