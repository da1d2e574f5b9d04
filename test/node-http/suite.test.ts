import { adapterSuite } from '../adapter-suite.js'
import { nodeHttp } from '../adapters.js'

adapterSuite(nodeHttp)
