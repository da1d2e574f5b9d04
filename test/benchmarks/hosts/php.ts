import type { TransportFactory } from '@common-gateway/core/transport'
import { fastcgi } from '@common-gateway/fastcgi'
import { PHP } from '../php-pool.js'
import type { PhpSetup } from './question.js'

/** The value of the option `interpreters` for PHP. */
export function phpBy(setup: PhpSetup): string | TransportFactory {
  if (setup === 'process') return PHP
  const { processes } = setup
  if (!('socket' in setup)) return fastcgi({ spawn: PHP, processes })
  return fastcgi({ address: setup.socket, maxConnections: processes })
}
