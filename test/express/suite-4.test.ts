import { adapterSuite } from '../adapter-suite.js'
import { express4 } from '../adapters.js'

adapterSuite(express4)
