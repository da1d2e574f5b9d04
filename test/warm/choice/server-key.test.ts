import assert from 'node:assert/strict'
import t from 'tap'
import { fixedVariables, serverKey } from '@internal/warm/choice/server-key.js'

const REQUEST = {
  HTTP_COOKIE: 'a',
  REDIRECT_STATUS: '200',
  SSL_PROTOCOL: 'TLSv1.3',
  AUTH_TYPE: 'Basic',
  CONTENT_LENGTH: '1',
  CONTENT_TYPE: 'text/plain',
  HTTPS: 'on',
  PATH_INFO: '/a',
  PATH_TRANSLATED: '/srv/a',
  QUERY_STRING: 'b',
  REMOTE_ADDR: '::1',
  REMOTE_USER: 'c',
  REQUEST_METHOD: 'GET',
  REQUEST_URI: '/a?b',
  SCRIPT_NAME: '/s',
  SCRIPT_FILENAME: '/srv/s',
  SERVER_NAME: 'd',
  SERVER_PORT: '80',
  SERVER_PROTOCOL: 'HTTP/1.1',
  DOCUMENT_URI: '/a',
}
const FIXED = {
  PATH: '/bin',
  PYTHONPATH: '/srv/lib',
  SERVER_SOFTWARE: 'Common Gateway',
  GATEWAY_INTERFACE: 'CGI/1.1',
  DOCUMENT_ROOT: '/srv',
  HTTPS_PROXY: 'e',
  REMOTE: 'f',
}

void t.test('WARM-12 a fork server has the variables that are not those of a request', async () => {
  assert.deepEqual(fixedVariables({ ...REQUEST, ...FIXED }), FIXED)
})

void t.test(
  'WARM-12 requests share a fork server where all other variables are equal',
  async () => {
    const key = serverKey('/srv', { ...REQUEST, ...FIXED })
    assert.equal(serverKey('/srv', { ...FIXED, QUERY_STRING: 'other' }), key)
    for (const name of Object.keys(FIXED)) {
      assert.notEqual(serverKey('/srv', { ...FIXED, [name]: 'other' }), key, name)
    }
    assert.notEqual(serverKey('/', FIXED), key)
    assert.notEqual(serverKey('/srv', { ...FIXED, PATH: '/bin\0X=' }), serverKey('/srv', FIXED))
  },
)
