import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)
const environment = { PYTHONPATH: path.join(folder, 'site-packages') }
/** Which of two modules that import each other is complete first decides on what the other gets. */
const SCRIPT = `
import gc, os
if os.environ["QUERY_STRING"] == "second": import second_of_two, first_of_two
else: import first_of_two, second_of_two
print(first_of_two.A, second_of_two.A)
if os.environ["QUERY_STRING"] == "shared": print(any(each is first_of_two for each in gc.get_objects()))
`
const FIRST = { environment: { QUERY_STRING: 'first' } }
const SECOND = { environment: { QUERY_STRING: 'second' } }
const SHARED = { environment: { QUERY_STRING: 'shared' } }

t.before(() =>
  writeScripts(folder, {
    'site-packages/first_of_two.py': 'import second_of_two\nA = 1',
    'site-packages/second_of_two.py': 'import first_of_two\nA = getattr(first_of_two, "A", 0)',
    'script.py': SCRIPT,
  }),
)

void t.test('WARM-21 modules that import each other', WITH_PYTHON, async (t) => {
  for (const learnt of [FIRST, SECOND]) {
    const server = new PythonServer(t, path.join(folder, 'script.py'), { environment })
    await server.learn(learnt)
    for (const request of [FIRST, SECOND])
      assert.deepEqual(await server.request(request), await server.plain(request))
  }
})

void t.test('WARM-21 modules that import each other are shared', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'script.py'), { environment })
  await server.learn(FIRST)
  const answer = await server.request(SHARED)
  assert.ok(typeof answer !== 'string')
  assert.equal(answer.stdout, '1 0\nFalse\n')
})
