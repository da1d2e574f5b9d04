import { targetCases } from './cases/target.js'
import type { Case } from './case.js'

/** The whole table. */
export const cases: readonly Case[] = [targetCases].flat()
