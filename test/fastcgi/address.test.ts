import assert from 'node:assert/strict'
import t from 'tap'
import { nameOf, parseAddress } from '@internal/fastcgi/address.js'

void t.test('UP-7 an address is a socket or a host with a port', async () => {
  assert.deepEqual(parseAddress('/run/php/php-fpm.sock'), { path: '/run/php/php-fpm.sock' })
  assert.deepEqual(parseAddress('unix:/run/php-fpm.sock'), { path: '/run/php-fpm.sock' })
  assert.deepEqual(parseAddress('127.0.0.1:9000'), { host: '127.0.0.1', port: 9000 })
  assert.deepEqual(parseAddress('php.example.com:65535'), { host: 'php.example.com', port: 65_535 })
  assert.deepEqual(parseAddress('[::1]:9000'), { host: '::1', port: 9000 })
  assert.deepEqual(parseAddress('[fe80::1%eth0]:9000'), { host: 'fe80::1%eth0', port: 9000 })
})

void t.test('UP-7 other text is no address', async () => {
  const others = ['', 'php-cgi', '9000', ':9000', 'localhost', 'localhost:', 'localhost:0']
  others.push('localhost:65536', '::1:9000', '[::1]', '[localhost]:9000', 'a b:9000', 'a:80:90')
  others.push('/run/\0.sock')
  for (const text of others) {
    assert.equal(parseAddress(text), undefined, text)
  }
})

void t.test('UP-7 the name of an address is the address', async () => {
  assert.equal(nameOf({ path: '/run/php-fpm.sock' }), 'unix:/run/php-fpm.sock')
  assert.equal(nameOf({ host: '127.0.0.1', port: 9000 }), '127.0.0.1:9000')
  assert.equal(nameOf({ host: '::1', port: 9000 }), '[::1]:9000')
})
