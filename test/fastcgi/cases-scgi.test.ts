import t from 'tap'
import { express5, fastify5 } from '../support/adapters.js'
import { caseSuite } from './case-suite.js'
import { TABLES_OF_SCGI } from './cases/index.js'

caseSuite(t, TABLES_OF_SCGI, { adapter: express5, on: 'tcp', protocol: 'scgi' })
caseSuite(t, TABLES_OF_SCGI, { adapter: fastify5, on: 'unix', protocol: 'scgi' })
