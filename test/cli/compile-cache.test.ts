import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import nodeModule from 'node:module'
import path from 'node:path'
import t from 'tap'
import { MAIN } from './command.js'
import { createSite } from './site.js'
import { makeCacheFolder } from '@internal/cli/start/compile-cache.js'

const IS_ROOT = process.getuid?.() === 0
const OTHER_USER = 65_534

const modeOf = (folder: string): number => statSync(folder).mode & 0o777

void t.test('compiled code is kept in a folder that only the user can enter', async (t) => {
  const home = createSite(t, {})
  const inHome = path.join(home, '.cache/common-gateway')
  assert.equal(makeCacheFolder({ HOME: home }), inHome)
  assert.equal(modeOf(inHome), 0o700)
  assert.equal(makeCacheFolder({ HOME: home }), inHome)
  assert.equal(makeCacheFolder({ HOME: home, XDG_CACHE_HOME: 'relative' }), inHome)

  const given = path.join(home, 'deep/cache')
  const inGiven = path.join(given, 'common-gateway')
  assert.equal(makeCacheFolder({ HOME: home, XDG_CACHE_HOME: given }), inGiven)
  // By its real path: a link could be made to lead elsewhere.
  symlinkSync(given, path.join(home, 'link'))
  assert.equal(makeCacheFolder({ XDG_CACHE_HOME: path.join(home, 'link') }), inGiven)
})

void t.test('no compiled code is kept where another user could put some', async (t) => {
  for (const environment of [{}, { HOME: '' }, { HOME: 'relative' }, { HOME: '/dev/null' }]) {
    assert.equal(makeCacheFolder(environment), undefined, JSON.stringify(environment))
  }
  const home = createSite(t, { 'file/a': '', 'planted/.cache/common-gateway/a': '' })
  assert.equal(makeCacheFolder({ HOME: path.join(home, 'file/a') }), undefined)
  assert.equal(makeCacheFolder({ HOME: path.join(home, 'planted') }), undefined)
  for (const mode of [0o777, 0o775, 0o757]) {
    const open = path.join(home, `open-${mode}`)
    mkdirSync(path.join(open, 'user'), { recursive: true })
    chmodSync(open, mode)
    for (const name of ['.', 'user']) {
      assert.equal(makeCacheFolder({ HOME: path.join(open, name) }), undefined)
      assert.ok(!existsSync(path.join(open, name, '.cache')))
    }
  }
})

void t.test(
  'no compiled code is kept in the home of another user, and nothing is made there',
  {
    skip: !IS_ROOT,
  },
  async (t) => {
    const home = createSite(t, {})
    chownSync(home, OTHER_USER, OTHER_USER)
    assert.equal(makeCacheFolder({ HOME: home }), undefined)
    assert.ok(!existsSync(path.join(home, '.cache')))
    // The owner of a folder can replace the files in it, whatever their owner.
    mkdirSync(path.join(home, '.cache/common-gateway'), { recursive: true, mode: 0o700 })
    assert.equal(makeCacheFolder({ HOME: home }), undefined)
  },
)

void t.test('the command keeps nothing in the shared temporary folder', async (t) => {
  const home = createSite(t, { 'tmp/a': '' })
  const env = { HOME: home, TMPDIR: path.join(home, 'tmp') }
  execFileSync(process.execPath, [MAIN, '--version'], { env })
  assert.deepEqual(readdirSync(path.join(home, 'tmp')), ['a'])
  // Node.js 20 keeps nothing.
  const isKept = 'enableCompileCache' in nodeModule
  assert.equal(existsSync(path.join(home, '.cache/common-gateway')), isKept)
})
