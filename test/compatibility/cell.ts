/** A package manager, and how it is called. */
export interface Manager {
  readonly install: readonly string[]
  /** What stands before a command that uses the installed packages. */
  readonly run?: readonly string[]
  /** Its settings in the project, with the address of the registry for @common-gateway. */
  settings(registry: string): Readonly<Record<string, string>>
}

/** A folder with installed packages, which several cells may use. */
export interface Project {
  readonly manager: Manager
  /** Package and range. */
  readonly packages: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
}

/** One combination that is tried: a row of a table in docs/compatibility.md. */
export interface Cell {
  readonly group: Group
  readonly name: string
  readonly project: Project
  /** The installed package whose version is shown; or the command that prints it. */
  readonly version: string | readonly string[]
  readonly command: readonly string[]
  /** Whether a server answers requests, or the command has to succeed. */
  readonly proof: 'answer' | 'success'
}

export type Group =
  | 'Package managers'
  | 'Node.js'
  | 'Frameworks'
  | 'Other runtimes'
  | 'TypeScript'
  | 'Test runners'
