/** What became of the requests that were sent while something happened. */
export interface Row {
  readonly event: string
  readonly method: string
  readonly sent: number
  /** How many were not answered by 200, by their statuses; 0 for those that were cut. */
  readonly lost: Readonly<Record<string, number>>
  readonly twice: number
  /** How long it took from the return of the machine to its first answer, in milliseconds. */
  readonly back: number
}

/** The variable with the name of a file that gets the rows, as JSON. */
export const ROWS_FILE = 'MACHINES_ROWS_FILE'
