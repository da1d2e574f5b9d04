import t from 'tap'
import { confinementSuite } from './confinement-suite.js'

void t.test('confinement, by posix_spawn', async (t) => confinementSuite(t, 'posix_spawn'))
