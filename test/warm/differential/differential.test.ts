import t from 'tap'
import { quickSuite } from './suite.js'

void t.test('plain and warm runs are the same', (t) => quickSuite(t))
