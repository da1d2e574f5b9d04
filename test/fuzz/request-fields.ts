import type { HeaderField } from '@common-gateway/core'
import fc from 'fast-check'
import { byteString, mutated } from './text.js'

const NAMES = [
  'Host',
  'Accept',
  'Cookie',
  'Content-Type',
  'Content-Length',
  'Content_Length',
  'Content-Type-',
  'content_type',
  'Proxy',
  'PROXY',
  'Pro-xy',
  'Proxy-',
  '_Proxy',
  'Proxy_',
  'Authorization',
  'authorization',
  'Authoriz_ation',
  'Proxy-Authorization',
  'Proxy_Authorization',
  'Remote-User',
  'Remote_User',
  'Auth-Type',
  'Path',
  'PATH',
  'LD-PRELOAD',
  'LD_LIBRARY_PATH',
  'HTTP-PROXY',
  'HTTP_PROXY',
  'https',
  'Script-Name',
  'X-Forwarded-For',
  'X-A',
  'x-a',
  'X_A',
  'x_A',
  'X.A',
  'X A',
  'X-A=B',
  'X-A\0',
  'X-A\n',
  '--proto--',
  '__proto__',
  'constructor',
  '',
  '-',
  '_',
  // What becomes another letter in upper case: dotless i, long s, the Kelvin sign.
  'Prox\u0131',
  'Acce\u017ft',
  '\u212aey',
  'Connection',
  'Transfer-Encoding',
  'TE',
  'Upgrade',
]

const VALUES = [
  '',
  'a',
  'a, b',
  '0',
  '5',
  '05',
  '-1',
  '5, 5',
  '() { :;}; echo',
  'Basic YTpi',
  'chunked',
  'gzip, chunked',
  'close, X-A',
  'caf\xe9',
  'caf\xc3\xa9',
  'a\0b',
  '$(id)`id`',
  '\\0141%s%n',
  'trailing\n',
]

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 2, arbitrary: mutated(fc.constantFrom(...NAMES)) },
)
export const fieldValue = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: byteString(10) },
)

/** The header of a request, nearly valid; Node would refuse some of it, other hosts might not. */
export const requestFields: fc.Arbitrary<HeaderField[]> = fc.array(fc.tuple(name, fieldValue), {
  maxLength: 8,
})

/** What a Host may be, and what has been taken for one. */
export const host = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'www.example.org',
      'www.example.org:8080',
      '[::1]:80',
      '[fe80::1%25eth0]',
      '127.0.0.1',
      '',
      ':80',
      'a:b',
      'a:80:80',
      'a/b',
      'user@a',
      'a b',
      'a,b',
      '%41',
      '[::1',
      'a\r\nb',
      '\xe9',
    ),
  },
  { weight: 1, arbitrary: mutated(fc.constantFrom('www.example.org:8080', '[::1]:80')) },
)
