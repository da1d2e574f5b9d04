import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const SCRIPT = `
import importlib.util, shared, csv
print(shared.A, csv.__file__)`
const SHARED = `
import importlib.util
importlib.util.find_spec('optional')
try:
    from missing import A
except ImportError:
    A = 1`

/** What changes, and what the fork server says about it. */
const CHANGES: Record<string, [change: (site: string) => void, reason: RegExp]> = {
  'the script': [
    (site) => writeFileSync(`${site}/script.py`, 'print(1)'),
    /^file changed: .*script\.py$/,
  ],
  'a shared module': [
    (site) => writeFileSync(`${site}/site-packages/shared.py`, 'A = 2'),
    /^file changed: .*shared\.py$/,
  ],
  'a shared module that is removed': [
    (site) => rmSync(`${site}/site-packages/shared.py`),
    /^file changed: .*shared\.py$/,
  ],
  'a module that hides one of the library': [
    (site) => writeFileSync(`${site}/csv.py`, ''),
    /^other names in /,
  ],
  'a folder that hides a module': [(site) => mkdirSync(`${site}/csv`), /^other names in /],
  'a module that was missing': [
    (site) => writeFileSync(`${site}/site-packages/missing.py`, 'A = 1'),
    /^other names in .*site-packages$/,
  ],
  'a folder that becomes a package': [
    (site) => writeFileSync(`${site}/data/csv/__init__.py`, ''),
    /^other names in .*csv$/,
  ],
  'the content of a .pth file': [
    (site) => writeFileSync(`${site}/site-packages/old.pth`, '/opt'),
    /^file changed: .*old\.pth$/,
  ],
  'a customisation of the site': [
    (site) => writeFileSync(`${site}/data/sitecustomize.py`, ''),
    /^other names in .*data$/,
  ],
  'the site-packages of the user': [
    (site) => mkdirSync(userPackages(site), { recursive: true }),
    /^other names in .*-packages$/,
  ],
  'the time zone': [
    (site) => writeFileSync(`${site}/zone`, 'another zone'),
    /^file changed: .*zone$/,
  ],
  'a module that another one has looked for': [
    (site) => writeFileSync(`${site}/site-packages/optional.py`, ''),
    /^other names in .*site-packages$/,
  ],
  'a .pth file': [
    (site) => writeFileSync(`${site}/site-packages/more.pth`, '/srv'),
    /^other names in .*site-packages$/,
  ],
}

const { stdout: version } = spawnSync(
  PYTHON,
  ['-c', 'import sys; print(*sys.version_info[:2], sep=".", end="")'],
  { encoding: 'utf8' },
)
const userPackages = (site: string): string =>
  path.join(site, `.local/lib/python${version}/site-packages`)

const siteOf = (claim: string): string => path.join(folder, claim.replaceAll(/\W+/g, '-'))

t.before(() =>
  writeScripts(
    folder,
    Object.fromEntries(
      Object.keys(CHANGES).flatMap((claim) => {
        const site = path.basename(siteOf(claim))
        return [
          [`${site}/script.py`, SCRIPT],
          [`${site}/site-packages/shared.py`, SHARED],
          [`${site}/site-packages/old.pth`, '/srv'],
          [`${site}/data/csv/data.txt`, 'no package'],
          [`${site}/zone`, 'a zone'],
        ]
      }),
    ),
  ),
)

for (const [claim, [change, reason]] of Object.entries(CHANGES)) {
  void t.test(`WARM-22 the very next request is stale: ${claim}`, WITH_PYTHON, async (t) => {
    const site = siteOf(claim)
    const environment = {
      PYTHONPATH: `${site}/data:${site}/site-packages`,
      HOME: site,
      TZ: `:${site}/zone`,
    }
    const server = new PythonServer(t, `${site}/script.py`, { environment })
    await server.compare()
    writeFileSync(`${site}/data.txt`, 'no module')
    assert.notEqual(typeof (await server.request()), 'string', 'other files do not matter')
    change(site)
    const answer = await server.request()
    assert.ok(typeof answer === 'string', 'no script has run')
    assert.match(answer, reason)
    assert.equal((await server.untilEnded()).type, 'stale')
  })
}

void t.test('WARM-22 a script that was just written is young', WITH_PYTHON, async (t) => {
  const script = path.join(folder, 'young.py')
  writeFileSync(script, 'print(1)')
  const end = await new PythonServer(t, script).untilEnded()
  assert.equal(end.type, 'young')
  assert.match(end.reason, /^file younger than two seconds: .*young\.py$/)
})

void t.test('WARM-22 a script that does not compile is plain', WITH_PYTHON, async (t) => {
  await writeScripts(folder, { 'broken.py': 'def f(:' })
  const end = await new PythonServer(t, path.join(folder, 'broken.py')).untilEnded()
  assert.deepEqual(end, { type: 'plain', reason: 'it does not compile' })
})

void t.test(
  'WARM-22 a module with the name of one that is needed is plain',
  WITH_PYTHON,
  async (t) => {
    await writeScripts(folder, { 'own/script.py': 'import json', 'own/warnings.py': 'A = 1' })
    const end = await new PythonServer(t, path.join(folder, 'own/script.py')).untilEnded()
    const reason = "another module has the name of the library's warnings"
    assert.deepEqual(end, { type: 'plain', reason })
  },
)

void t.test('WARM-22 a script that replaces itself while it runs', WITH_PYTHON, async (t) => {
  const script = path.join(folder, 'replacing.py')
  const source = 'import os\nopen(__file__, "w").write("print(2)")\nprint(1)'
  await writeScripts(folder, { 'replacing.py': source })
  const server = new PythonServer(t, script)
  await server.untilReady()
  const answer = await server.request()
  assert.ok(typeof answer !== 'string', 'it has run')
  assert.equal(answer.stdout, '1\n')
  assert.equal(await server.request(), `file changed: ${script}`)
  assert.equal((await server.plain()).stdout, '2\n')
})
