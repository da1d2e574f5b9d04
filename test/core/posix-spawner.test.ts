import { processSuite } from './process-suite.js'

processSuite('posix_spawn')
