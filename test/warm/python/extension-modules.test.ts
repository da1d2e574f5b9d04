import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'
import { createWarmSpawner } from '../warm-spawners.js'
import { until } from '../../support/processes.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)
const DOUBT =
  /^it has changed something before it imports [a-z.]+, of which modules in C keep parts$/

/** Scripts that change what `_decimal` uses, and what they print: a module in C until Python 3.12 is initialised once. */
const CHANGES: Readonly<Record<string, string>> = {
  'module-in-use': 'import numbers\nnumbers.own = 1',
  'module-of-the-start': 'import os\nos.own = 1',
  'name-of-all': 'import builtins\nbuiltins._ = str',
  finder: 'import sys\nsys.meta_path.insert(0, type("Finder", (), {"find_spec": lambda *_: None}))',
}
const IMPORT = `
import decimal
import numbers
import sys
print(isinstance(decimal.Decimal(1), numbers.Number), decimal.Decimal is sys.modules['_decimal'].Decimal)
print(sorted(sys.modules))
`
const REPLACED = `
import copy
copy.deepcopy = lambda *_: 'replaced'
import xml.etree.ElementTree
element = xml.etree.ElementTree.Element('a')
element.text = [1]
print(element.__deepcopy__({}).text)
`
const CALCULATING = `
import decimal
print(decimal.Decimal(1) / 3)
import json
import pickle
print(json.dumps(1), pickle.loads(pickle.dumps(decimal.Decimal(2))))
`
const BROKEN = `
import importlib.machinery
import os
import sys
import numbers
name = 'broken' + importlib.machinery.EXTENSION_SUFFIXES[0]
open(name, 'w').write('this is no library')
sys.path.insert(0, os.getcwd())
try:
    import broken
finally:
    os.remove(name)
`

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(
      Object.entries(CHANGES).map(([name, change]) => [`${name}.py`, change + IMPORT]),
    ),
    'warm.py': '#!/usr/bin/python3\nimport numbers\nnumbers.own = 1\nimport decimal\n',
    'broken.py': BROKEN,
    'replaced.py': REPLACED,
    'calculating.py': CALCULATING,
  }),
)

const isBefore = (minor: number): boolean =>
  spawnSync(PYTHON, ['-c', `import sys; raise SystemExit(sys.version_info >= (3, ${minor}))`])
    .status === 0
/** Whether this Python initialises `_decimal` only once. */
const isSinglePhase = isBefore(13)
/** The same of `_elementtree`. */
const isKept = isBefore(12)

for (const name of Object.keys(CHANGES)) {
  void t.test(
    `WARM-24 after a change, what a module in C imports is there: ${name}`,
    WITH_PYTHON,
    async (t) => {
      const server = new PythonServer(t, path.join(folder, `${name}.py`))
      await server.compare()
      if (isSinglePhase) {
        const { type, reason } = await server.untilEnded()
        assert.equal(type, 'plain')
        assert.match(reason, DOUBT)
      }
    },
  )
}

void t.test('WARM-24 one request gets a part that was replaced before', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'replaced.py'))
  await server.learn()
  const plain = await server.plain()
  assert.equal(plain.stdout, 'replaced\n')
  const answer = await server.request()
  assert.deepEqual(answer, { ...plain, stdout: isKept ? '[1]\n' : 'replaced\n' })
  if (isKept) assert.match((await server.untilEnded()).reason, DOUBT)
})

void t.test('WARM-24 a script that calculates first stays warm', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'calculating.py'))
  const plain = await server.compare()
  assert.deepEqual(await server.request(), plain)
  assert.deepEqual(await server.request(), plain)
})

void t.test('WARM-24 a module in C that cannot be loaded', WITH_PYTHON, async (t) => {
  const { stderr } = await new PythonServer(t, path.join(folder, 'broken.py')).compare()
  assert.match(stderr, /ImportError: /)
})

void t.test(
  'WARM-24 a script that has changed what a module in C keeps is plain from then on',
  WITH_PYTHON,
  async (t) => {
    const spawner = createWarmSpawner({ after: 1 })
    t.after(() => spawner.close?.())
    const file = path.join(folder, 'warm.py')
    const run = async (): Promise<string | undefined> => {
      const { exit, plainReason } = await spawner.spawn({
        command: [PYTHON, file],
        cwd: folder,
        environment: { PATH: process.env['PATH'] ?? '' },
        stdin: 'null',
      })
      await exit
      return plainReason
    }
    if (isSinglePhase) await until(async () => DOUBT.test((await run()) ?? ''), 'it is plain')
  },
)
