import { styleText } from 'node:util'

/** Gives text a colour, where there are colours. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

/** What is written to: a terminal, or not. */
export interface Output {
  /** Undefined where it is no terminal. */
  readonly columns?: number | undefined
  readonly isTTY?: boolean | undefined
}

/** Whether colours are wanted: FORCE_COLOR and NO_COLOR say so, else they are where a terminal is. */
export function createPaint({ isTTY }: Output, environment: NodeJS.ProcessEnv): Paint {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment
  const isForced = force !== undefined && force !== '0' && force !== 'false'
  const isUnwanted = force === '0' || force === 'false' || (no !== undefined && no !== '')
  const hasColours = isForced || (isTTY === true && !isUnwanted && term !== 'dumb')
  // Node's own look at the terminal and at these variables has been done here.
  return hasColours ? (style, text) => styleText(style, text, UNSEEN) : (_style, text) => text
}

const UNSEEN = { validateStream: false }
