import t from 'tap'
import { differentialSuite } from './suite.js'

void t.test('plain and warm runs are the same', (t) =>
  differentialSuite(t, ({ isQuick }) => isQuick),
)
