import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { flagsOf, PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'

const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const SCRIPT = `
import sys, os, json, logging, datetime, urllib.request, decimal, email.message, asyncio, sqlite3, threading, atexit
print(json.dumps(sys.argv), list(sys.modules), list(globals()))
print(sys.stdin, sys.stdin.read(), sys.flags, sys.version, os.environ)
atexit.register(print, 'exit')
class A:
    def __del__(self): print('del')
a = A()
logging.warning('to standard error')
1 / 0`

/** All that this machine has. */
function findVersions(): string[] {
  const versions = path.join(homedir(), '.pyenv/versions')
  const own = existsSync(versions) ? readdirSync(versions) : []
  const programs = own.map((name) => path.join(versions, name, 'bin/python3'))
  const names = ['3.9', '3.10', '3.11', '3.12', '3.13', '3.14'].map(
    (name) => `/usr/bin/python${name}`,
  )
  return [...programs, ...names].filter((program) => existsSync(program))
}

t.before(() => writeScripts(folder, { 'script.py': SCRIPT }))

for (const python of findVersions()) {
  const [, minor = '0'] = /3\.(\d+)/.exec(python) ?? []
  void t.test(`WARM-23 ${python} is the same as plain`, WITH_PYTHON, async (t) => {
    const server = new PythonServer(t, path.join(folder, 'script.py'), {
      python,
      flags: flagsOf(python),
    })
    if (Number(minor) < 9) {
      assert.equal((await server.untilEnded()).type, 'plain')
      return
    }
    await server.compare()
    await server.compare({ body: 'x\r\ny' })
  })
}
