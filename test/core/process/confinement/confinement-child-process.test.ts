import t from 'tap'
import { confinementSuite } from './confinement-suite.js'

void t.test('confinement, by child_process', async (t) => confinementSuite(t, 'child_process'))
