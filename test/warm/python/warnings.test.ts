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

/** What a script does before it imports modules of site-packages that warn on import. */
const CHANGES: Readonly<Record<string, string>> = {
  nothing: '',
  errors: 'import warnings; warnings.simplefilter("error")',
  one_error: 'import warnings; warnings.filterwarnings("error", "first")',
  always: 'import warnings; warnings.simplefilter("always")',
  ignored: 'import warnings; warnings.simplefilter("ignore")',
  function: 'import warnings; warnings.showwarning = lambda *all, **names: print(*all[:2])',
  format: 'import warnings; warnings.formatwarning = lambda *all, **names: "own text"',
  replaced: 'import warnings; warnings.warn = lambda *all, **names: print(all)',
  logged: 'import logging; logging.captureWarnings(True)',
  caught:
    'import warnings; caught = warnings.catch_warnings(record=True); seen = caught.__enter__()',
}
const SCRIPT = `
import traceback
try:
    import warner
except Warning:
    traceback.print_exc()
import catcher, importer
print(catcher.A, importer.A, 'warner' in sys.modules, [each.lineno for each in globals().get('seen', ())])
`

t.before(() =>
  writeScripts(folder, {
    'site-packages/warner.py': 'import warnings\nwarnings.warn("first")\nA = 1',
    'site-packages/second_warner.py': 'import warnings\nwarnings.warn("second")\nA = 1',
    'site-packages/catcher.py':
      'import warnings\nA = 0\ntry: warnings.warn("third")\nexcept UserWarning: A = 1',
    'site-packages/importer.py':
      'try:\n    import second_warner\n    A = 0\nexcept UserWarning: A = 1',
    'head.py': 'import catcher, importer\nimport sys\nprint(catcher.A, importer.A)',
    ...Object.fromEntries(
      Object.entries(CHANGES).map(([name, change]) => [
        `${name}.py`,
        `import sys\nprint(1)\n${change}\n${SCRIPT}`,
      ]),
    ),
  }),
)

for (const name of Object.keys(CHANGES)) {
  void t.test(`WARM-21 a module that warns on import, after: ${name}`, WITH_PYTHON, async (t) => {
    await new PythonServer(t, path.join(folder, `${name}.py`), { environment }).compare()
  })
}

void t.test('WARM-21 warnings are errors from the start', WITH_PYTHON, async (t) => {
  const script = path.join(folder, 'head.py')
  const server = new PythonServer(t, script, { environment, flags: ['-W', 'error'] })
  const { stdout } = await server.compare()
  assert.equal(stdout, '1 1\n')
})
