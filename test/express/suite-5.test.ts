import { adapterSuite } from '../adapter-suite.js'
import { express5 } from '../adapters.js'

adapterSuite(express5)
