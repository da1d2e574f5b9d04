import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import t from 'tap'
import { findDecisiveFiles, isPyenvShim } from '@internal/warm/script/pyenv-shim.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import { writeShim } from '../python/pyenv.js'

const folder = createTemporaryFolder(t)
const root = `${folder}/pyenv`
const shim = writeShim(root)
const cwd = `${folder}/site/cgi-bin`
mkdirSync(cwd, { recursive: true })
mkdirSync(`${root}/versions/3.12.1`, { recursive: true })
mkdirSync(`${root}/pyenv.d/exec`, { recursive: true })
writeProgram(root, 'pyenv.d/exec/pip-rehash.bash', '')

const find = (environment: Record<string, string> = {}): readonly string[] | string =>
  findDecisiveFiles(shim, { cwd, environment: { PATH: '/usr/bin:/bin', ...environment } })

void t.test('WARM-24 the files that decide which version a shim starts', async () => {
  const files = find({ PYENV_DIR: '/srv/site' })
  assert.ok(typeof files !== 'string', String(files))
  for (const file of [
    shim,
    `${root}/version`,
    `${root}/versions`,
    `${root}/versions/3.12.1/bin/python3`,
    `${root}/libexec/pyenv-exec`,
    `${root}/plugins`,
    `${root}/pyenv.d/exec/pip-rehash.bash`,
    `${cwd}/.python-version`,
    `${folder}/.python-version`,
    '/.python-version',
    '/srv/site/.python-version',
    '/bin/python3',
    '/etc/pyenv.d',
  ]) {
    assert.ok(files.includes(file), file)
  }
})

void t.test('WARM-24 a shim is plain where it is uncertain what it starts', async () => {
  const depends = 'its interpreter is a shim, which depends on'
  for (const name of ['BASH_ENV', 'PYENV_HOOK_PATH', 'BASH_FUNC_x%%']) {
    assert.equal(find({ [name]: 'x' }), `${depends} ${name}`)
  }
  const relative = 'its interpreter is a shim, and PATH has a relative folder'
  assert.equal(find({ PATH: '/usr/bin:bin' }), relative)
  const hook = writeProgram(root, 'plugins/other/etc/pyenv.d/which/x.bash', '')
  assert.equal(find(), `its interpreter is a shim with the hook ${hook}`)
})

void t.test('WARM-24 another script is no shim of pyenv', async () => {
  assert.ok(isPyenvShim(shim))
  const changed = '#!/usr/bin/env bash\nexec "/srv/pyenv/libexec/pyenv" exec "$program" "$@"\n'
  assert.equal(isPyenvShim(writeProgram(folder, 'python3', changed)), false)
  assert.equal(isPyenvShim(`${folder}/missing`), false)
})
