import t from 'tap'
import { nodeHttp } from '../support/adapters.js'
import { conformanceSuite } from './conformance-suite.js'
import { gateways } from './gateways.js'

for (const gateway of gateways) if (gateway.name === nodeHttp.name) conformanceSuite(t, gateway)
