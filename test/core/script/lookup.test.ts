import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { CgiError } from '@common-gateway/core'
import {
  chooseFinder,
  createCommandLine,
  createSettings,
  lookUpScript,
} from '@common-gateway/core/steps'
import { createRequest } from '../requests.js'
import { createTemporaryFolder, writeProgram } from '../temporary-folder.js'

const root = createTemporaryFolder(t)
writeProgram(root, 'é.py', '', 0o644)
writeProgram(root, 'folder/index.cgi', '')

const settings = createSettings({
  root,
  index: ['index.cgi'],
  interpreters: { '.py': [process.execPath, '--test'] },
  methods: ['GET'],
})
const finder = chooseFinder(settings)

void t.test(
  'MAP-1 a request leads to its script, and to the words that it is started with',
  async () => {
    const found = lookUpScript(createRequest({ url: '/cgi-bin/%C3%A9.py/a?b+c' }), finder, settings)
    assert.equal(found?.script.type, 'script')
    assert.equal(found.script.pathInfo, '/a')
    const file = Buffer.from(path.join(root, 'é.py')).toString('latin1')
    for (const indexQuery of [false, true]) {
      const words = createCommandLine('GET', found.target, found.script, { indexQuery })
      const last = indexQuery ? ['b', 'c'] : []
      assert.deepEqual(words, [process.execPath, '--test', file, ...last])
    }
  },
)

void t.test('MAP-2 MAP-5 it leads to no script, or to a folder', async () => {
  assert.equal(lookUpScript(createRequest({ url: '/cgi-bin/none' }), finder, settings), null)
  assert.equal(lookUpScript(createRequest({ method: 'OPTIONS', url: '*' }), finder, settings), null)
  const found = lookUpScript(createRequest({ url: '/cgi-bin/folder' }), finder, settings)
  assert.deepEqual(found?.script, { type: 'folder', location: '/cgi-bin/folder/' })
})

void t.test('MAP-7 the error for a method lists the allowed ones', async () => {
  const request = createRequest({ method: 'POST', url: '/cgi-bin/folder/' })
  assert.throws(
    () => lookUpScript(request, finder, settings),
    (error) => {
      assert.ok(error instanceof CgiError)
      assert.equal(error.code, 'CGI_ERR_METHOD_NOT_ALLOWED')
      assert.deepEqual(error.headers, { allow: 'GET, HEAD' })
      return true
    },
  )
})
