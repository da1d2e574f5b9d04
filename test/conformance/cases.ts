import { connectionCases } from './cases/connection.js'
import { contentCases } from './cases/content.js'
import { environmentCases } from './cases/environment.js'
import { headerVariableCases } from './cases/header-variables.js'
import { metaVariableCases } from './cases/meta-variables.js'
import { nphCases } from './cases/nph.js'
import { redirectCases } from './cases/redirects.js'
import { requestBodyCases } from './cases/request-body.js'
import { scriptHeaderCases } from './cases/script-header.js'
import { smugglingCases } from './cases/smuggling.js'
import { statusCases } from './cases/status.js'
import { targetCases } from './cases/target.js'
import type { Case } from './case.js'

/** The whole table. */
export const cases: readonly Case[] = [
  targetCases,
  metaVariableCases,
  headerVariableCases,
  environmentCases,
  requestBodyCases,
  scriptHeaderCases,
  statusCases,
  redirectCases,
  contentCases,
  nphCases,
  connectionCases,
  smugglingCases,
].flat()
