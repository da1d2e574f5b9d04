import { headerParserProperties } from './header-parser.js'
import { scriptProperties } from './script.js'
import { metaVariablesProperties } from './meta-variables.js'
import { requestTargetProperties } from './request-target.js'
import { processProperties } from './process.js'
import type { Property } from './property.js'
import { recordParserProperties } from './record-parser.js'
import { responseProperties } from './response.js'
import { serverProperties } from './server.js'
import { staticSourceProperties } from './static-source.js'
import { writtenResponseProperties } from './written-response.js'

/** The command that looks at the inputs of a search again; with `--path`, at one of them. */
export function commandFor({ name }: Property, seed: number): string {
  return `npm run fuzz -- --seed ${seed} --property '${name}'`
}

/** Every property. */
export const properties: readonly Property[] = [
  ...headerParserProperties,
  ...responseProperties,
  ...requestTargetProperties,
  ...metaVariablesProperties,
  ...writtenResponseProperties,
  ...processProperties,
  ...scriptProperties,
  ...serverProperties,
  ...staticSourceProperties,
  ...recordParserProperties,
]
