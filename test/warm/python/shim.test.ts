import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { writePyenv } from './pyenv.js'
import { flagsOf, PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import { until } from '../../support/processes.js'
import { runScript } from '../differential/script-run.js'
import { createWarmSpawner } from '../warm-spawners.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 120_000 }
const folder = createTemporaryFolder(t)
/** Shells write the variables of the environment in an order of their own. */
const SCRIPT = `
import os, sys, subprocess
print(sys.executable, sys.prefix, sys.argv, getattr(sys, 'orig_argv', None), sys.path, sys.flags)
print(sorted(os.environ.items()), sys.stdin.read())
print(sorted(subprocess.run(['/usr/bin/env'], capture_output=True, text=True).stdout.splitlines()))
print(os.listdir('/proc/self/fd'), os.getcwd(), os.umask(0))`

/** What makes a shim choose another interpreter, perhaps. */
const CHANGES: Record<string, (site: string) => void> = {
  'a version for the folder of the script': (site) =>
    writeFileSync(`${site}/scripts/.python-version`, 'two\n'),
  'a version for a folder above': (site) => writeFileSync(`${site}/.python-version`, 'two\n'),
  'the version of the user': (site) => writeFileSync(`${site}/pyenv/version`, 'two\n'),
  'a version that is installed': (site) => mkdirSync(`${site}/pyenv/versions/three`),
  'pyenv itself': (site) => writeFileSync(`${site}/pyenv/libexec/pyenv-exec`, ''),
  'a hook': (site) => mkdirSync(`${site}/pyenv/pyenv.d`),
}

const siteOf = (claim: string): string => path.join(folder, claim.replaceAll(' ', '-'))

t.before(async () => {
  for (const claim of Object.keys(CHANGES)) {
    const site = siteOf(claim)
    mkdirSync(`${site}/scripts`, { recursive: true })
    writePyenv(`${site}/pyenv`)
  }
  const site = siteOf('a hook')
  writeProgram(site, 'scripts/env.py', `#!/usr/bin/env python3${SCRIPT}`)
  mkdirSync(`${site}/files`)
  const names = Object.keys(CHANGES).map((claim) => `${path.basename(siteOf(claim))}/scripts`)
  await writeScripts(folder, Object.fromEntries(names.map((name) => [`${name}/script.py`, SCRIPT])))
})

for (const [claim, change] of Object.entries(CHANGES)) {
  void t.test(`WARM-24 a shim of pyenv: ${claim}`, WITH_PYTHON, async (t) => {
    const site = siteOf(claim)
    const environment = { HOME: site }
    const script = `${site}/scripts/script.py`
    const shim = `${site}/pyenv/shims/python3`
    const server = new PythonServer(t, script, { python: shim, environment })
    const { stdout } = await server.compare({ body: 'x' })
    assert.match(stdout, /versions\/one\/bin\/python3/)
    assert.equal(
      await server.request({ args: ['-m', 'pip'] }),
      'its interpreter is a shim, which gets its arguments',
    )
    change(site)
    const answer = await server.request()
    assert.ok(typeof answer === 'string', 'no script has run')
    assert.match(answer, /^file changed: .*(?:pyenv|version)/)
    assert.equal((await server.untilEnded()).type, 'stale')
  })
}

void t.test('WARM-24 env(1) finds a shim in PATH', WITH_PYTHON, async (t) => {
  const site = siteOf('a hook')
  const spawner = createWarmSpawner({ after: 1 })
  t.after(() => spawner.close?.())
  const environment = {
    PATH: `${site}/none:${site}/pyenv/shims:/usr/bin:/bin`,
    GATEWAY_INTERFACE: 'CGI/1.1',
    QUERY_STRING: 'x=1',
  }
  const request = {
    command: [`${site}/scripts/env.py`],
    cwd: `${site}/scripts`,
    environment,
    body: undefined,
    files: `${site}/files`,
  } as const
  const plain = await runScript(spawner, request)
  assert.equal(plain.isWarm, false)
  assert.match(plain.result.output, /versions\/(?:one|two)\/bin\/python3/)
  await until(async () => {
    const run = await runScript(spawner, request)
    assert.deepEqual(run.result, plain.result)
    return run.isWarm
  }, 'it is warm')
})

const PYENV = path.join(homedir(), '.pyenv/shims/python3')
if (existsSync(PYENV)) {
  void t.test('WARM-24 the shim of pyenv on this machine', WITH_PYTHON, async (t) => {
    const script = path.join(siteOf('a hook'), 'scripts/script.py')
    const environment = { HOME: homedir() }
    await new PythonServer(t, script, {
      python: PYENV,
      flags: flagsOf(PYENV),
      environment,
    }).compare({ body: 'x' })
  })
}

void t.test(
  'WARM-24 an interpreter that writes to standard error at its start',
  WITH_PYTHON,
  async (t) => {
    const script = path.join(siteOf('a hook'), 'scripts/script.py')
    const environment = { PYTHONPATH: folder, PYTHONSTARTUP: '', PYTHONWARNINGS: 'wrong' }
    const end = await new PythonServer(t, script, { environment }).untilEnded()
    assert.equal(end.type, 'plain')
    assert.match(end.reason, /^its interpreter writes to standard error at its start: /)
  },
)
