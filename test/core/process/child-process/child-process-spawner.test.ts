import t from 'tap'
import { processSuite } from '../../process-suite.js'

processSuite(t, 'child_process')
