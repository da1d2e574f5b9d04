import assert from 'node:assert/strict'
import t from 'tap'
import { addRoot, mapRoot, removeFile } from '@internal/fastcgi/environment.js'

void t.test('UP-3 root replaces the folder of the scripts in three variables', async () => {
  const map = mapRoot('/srv/here', '/srv/there/')
  const environment = {
    SCRIPT_FILENAME: '/srv/here/a/b.php',
    DOCUMENT_ROOT: '/srv/here',
    PATH_TRANSLATED: '/srv/here/srv/here/x',
    HTTP_X: '/srv/here/kept',
  }
  assert.deepEqual(map(environment), {
    SCRIPT_FILENAME: '/srv/there/a/b.php',
    DOCUMENT_ROOT: '/srv/there',
    PATH_TRANSLATED: '/srv/there/srv/here/x',
    HTTP_X: '/srv/here/kept',
  })
  assert.equal(environment.SCRIPT_FILENAME, '/srv/here/a/b.php')
})

void t.test('UP-3 a path beside the folder stays as it is', async () => {
  const map = mapRoot('/srv/here', '/srv/there')
  for (const file of ['/srv/hereafter/a.php', '/srv', 'srv/here/a.php', '']) {
    assert.deepEqual(map({ SCRIPT_FILENAME: file }), { SCRIPT_FILENAME: file })
  }
})

void t.test('UP-3 the root of a file system is a folder as well', async () => {
  assert.deepEqual(mapRoot('/', '/there')({ SCRIPT_FILENAME: '/a.php' }), {
    SCRIPT_FILENAME: '/there/a.php',
  })
  assert.deepEqual(
    mapRoot('/here', '/')({ SCRIPT_FILENAME: '/here/a.php', DOCUMENT_ROOT: '/here' }),
    {
      SCRIPT_FILENAME: '/a.php',
      DOCUMENT_ROOT: '/',
    },
  )
})

void t.test('UP-3 a folder whose name is no ASCII is replaced by its bytes', async () => {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1')
  assert.deepEqual(mapRoot('/srv/für', '/srv/å')({ SCRIPT_FILENAME: bytes('/srv/für/ü.php') }), {
    SCRIPT_FILENAME: bytes('/srv/å/ü.php'),
  })
})

void t.test(
  'UP-3 scripts of another machine have DOCUMENT_ROOT, and PATH_TRANSLATED with PATH_INFO',
  async () => {
    const map = addRoot('/srv/www')
    assert.deepEqual(map({}), { DOCUMENT_ROOT: '/srv/www' })
    assert.deepEqual(map({ PATH_INFO: '/a/b' }), {
      PATH_INFO: '/a/b',
      DOCUMENT_ROOT: '/srv/www',
      PATH_TRANSLATED: '/srv/www/a/b',
    })
    assert.equal(map({ DOCUMENT_ROOT: '/own' })['DOCUMENT_ROOT'], '/own')
  },
)

void t.test('UP-3 an application without files has no SCRIPT_FILENAME but its own', async () => {
  const map = removeFile('fastcgi://127.0.0.1:9000')
  assert.deepEqual(map({ SCRIPT_FILENAME: 'fastcgi://127.0.0.1:9000', A: 'b' }), { A: 'b' })
  assert.deepEqual(map({ SCRIPT_FILENAME: '/own.php' }), { SCRIPT_FILENAME: '/own.php' })
})
