import t from 'tap'
import { restOfSuite } from './suite.js'

void t.test('plain and warm runs are the same, part 3 of 3', (t) => restOfSuite(t, 3, 3))
