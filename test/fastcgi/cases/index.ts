import type { Case } from '../case.js'
import { addressCases } from './addresses.js'
import { endCases } from './ends.js'
import { healthCases } from './health.js'
import { queueCases } from './queue.js'
import { recordCases } from './records.js'
import { requestCases } from './requests.js'
import { responseCases } from './responses.js'
import { retryCases } from './retries.js'
import { scriptCases } from './scripts.js'
import { standardErrorCases } from './standard-error.js'

/** All tables, by what they are about. */
export const TABLES: Readonly<Record<string, readonly Case[]>> = {
  addresses: addressCases,
  records: recordCases,
  'standard error': standardErrorCases,
  requests: requestCases,
  responses: responseCases,
  scripts: scriptCases,
  retries: retryCases,
  health: healthCases,
  'the queue': queueCases,
  'ends of requests': endCases,
}

/** Those in which SCGI does not differ: it has no records, no standard error and no second request. */
const SCGI_TABLES = ['requests', 'responses', 'scripts', 'health', 'the queue', 'ends of requests']

/** The cases of these tables that hold for SCGI, too. */
export const TABLES_OF_SCGI: typeof TABLES = Object.fromEntries(
  SCGI_TABLES.map((title) => [title, (TABLES[title] ?? []).filter(isForScgi)]),
)

function isForScgi({ isFastcgi, fastcgi }: Case): boolean {
  return isFastcgi !== true && fastcgi?.keepAlive === undefined
}
