import assert from 'node:assert/strict'
import { realpathSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type CgiOptions, createCgiHandler } from '@common-gateway/core'
import { createTemporaryFolder, writeProgram } from '../temporary-folder.js'

function assertRefused(options: CgiOptions): void {
  const message = /^Expected the `fallback` option to be the path of a script below `root`/
  assert.throws(() => createCgiHandler(options), { code: 'CGI_ERR_INVALID_OPTION', message })
}

void t.test(
  'OPT-1 MAP-8 a fallback is a script of the root that can be run, by its own path',
  async (t) => {
    const root = createTemporaryFolder(t)
    for (const name of ['index.cgi', 'sub/front.cgi', 'plain.txt']) {
      writeProgram(root, name, '', name.endsWith('.cgi') ? 0o755 : 0o644)
    }
    symlinkSync('/bin/sh', path.join(root, 'shell'))
    for (const fallback of ['index.cgi', 'sub/front.cgi']) {
      assert.ok(createCgiHandler({ root, fallback }))
    }
    const refused = [
      'none.cgi',
      'plain.txt',
      'sub',
      '/index.cgi',
      './index.cgi',
      'sub/../index.cgi',
    ]
    for (const fallback of [
      ...refused,
      '../index.cgi',
      'index.cgi/',
      'index.cgi/x',
      'shell',
      '.',
    ]) {
      assertRefused({ root, fallback })
    }
    assertRefused({ root, fallback: 'index.cgi', extensions: ['.php'] })
    const interpreters = { '.txt': 'sh' }
    assert.ok(createCgiHandler({ root, fallback: 'plain.txt', interpreters }))
    assert.ok(
      createCgiHandler({
        root,
        fallback: 'shell',
        linkRoots: [path.dirname(realpathSync('/bin/sh'))],
      }),
    )
    const missing = path.join(root, 'missing')
    assert.ok(createCgiHandler({ root: missing, allowMissingRoot: true, fallback: 'index.cgi' }))
  },
)
