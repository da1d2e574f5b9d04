import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)

/** What it has imported cannot be learnt. */
const WITHOUT_REPORT = 'sys.modules is gone'
/** Scripts that change what the fork server itself uses in their process. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'a module that throws when it is looked at': `
import sys, json
class Module(type(sys)):
    def __getattribute__(self, name):
        raise ValueError(name)
sys.modules['odd'] = Module('odd')
print(json.dumps(1))`,
  'an object among the modules that prints when it is looked at': `
import sys, json
class Odd:
    def __getattr__(self, name):
        print(name)
        raise RuntimeError(name)
sys.modules['odd'] = Odd()
print(json.dumps(1))`,
  'a key of sys.modules that is no text': `
import sys, json
sys.modules[1] = 2
print(json.dumps(1))`,
  'sys.modules is another mapping': `
import sys, json
sys.modules = dict(sys.modules)
import csv
print('csv' in sys.modules)`,
  [WITHOUT_REPORT]: 'import sys, json\ndel sys.modules\nprint(json.dumps(1))',
  'threading is None': "import sys\nsys.modules['threading'] = None\nprint(1)",
  'its folder is gone': `
import os, sys, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
sys.path.append('/added')
import json, csv
print(json.dumps(1))`,
  'the search path is no list': `
import sys
print(1)
sys.path = None
try:
    import csv
except TypeError as error:
    print(error)`,
  'sys has no hooks for paths':
    'import sys, json\ndel sys.path_hooks\nimport csv\nprint(csv.__name__)',
  'sys has no frames': 'import sys, json\ndel sys._getframe\nimport csv\nprint(csv.__name__)',
  'sys has no hook for what cannot be thrown': `
import atexit, sys
atexit.register(lambda: 1 / 0)
del sys.unraisablehook`,
  'sys has no original streams': 'import sys\ndel sys.__stdout__, sys.__stderr__\nprint(1)',
  'a class of classes that throws when it is looked at': `
import json
class Table(type):
    def __getattr__(self, name):
        return {}[name]
class Kept(metaclass=Table):
    pass
json.kept = Kept()
print(json.dumps(1))`,
}

const fileOf = (claim: string): string => `${claim.replaceAll(/\W+/g, '-')}.py`

/** A thread of which no frame is the script's. */
const THREAD_OF_C = `
import _thread, sys
failed, name = [], '_xxsubinterpreters' if sys.version_info < (3, 13) else '_interpreters'
sys.unraisablehook = lambda each: failed.append(each.exc_value)
_thread.start_new_thread(__import__, (name,))
while name not in sys.modules and not failed: pass
print(failed)
`

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(Object.entries(SCRIPTS).map(([claim, text]) => [fileOf(claim), text])),
    'thread-of-c.py': THREAD_OF_C,
  }),
)

for (const claim of Object.keys(SCRIPTS)) {
  void t.test(`WARM-20 a script is the same as plain: ${claim}`, WITH_PYTHON, async (t) => {
    const server = new PythonServer(t, path.join(folder, fileOf(claim)))
    await server.compare({}, claim !== WITHOUT_REPORT)
  })
}

void t.test('WARM-20 a thread of C imports what is not shared', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'thread-of-c.py'))
  await server.untilReady()
  assert.deepEqual(await server.request(), await server.plain())
})
