import { styleText } from 'node:util'

/** Styles text, if the output supports colours. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

/** The stream that the text is written to. */
export interface Output {
  /** Undefined if it is not a terminal. */
  readonly columns?: number | undefined
  readonly isTTY?: boolean | undefined
}

/** Uses colours as FORCE_COLOR and NO_COLOR say; without them, if the output is a terminal. */
export function createPaint({ isTTY }: Output, environment: NodeJS.ProcessEnv): Paint {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment
  const isForced = force !== undefined && force !== '0' && force !== 'false'
  const isUnwanted = force === '0' || force === 'false' || (no !== undefined && no !== '')
  const hasColours = isForced || (isTTY === true && !isUnwanted && term !== 'dumb')
  return hasColours ? (style, text) => styleText(style, text, UNCHECKED) : (_style, text) => text
}

/** styleText() would check the terminal and these variables again. */
const UNCHECKED = { validateStream: false }
