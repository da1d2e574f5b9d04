import { processSuite } from '../../process-suite.js'

processSuite('child_process')
