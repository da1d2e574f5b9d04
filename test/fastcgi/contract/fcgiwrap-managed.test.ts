import t from 'tap'
import { needs } from '../../apps/programs.js'
import { nodeHttp } from '../../support/adapters.js'
import { FCGIWRAP } from '../peers/programs.js'
import { BY_FASTCGI, WITH_FCGIWRAP } from './exceptions.js'
import { managed, throughFastcgi } from './fastcgi-adapter.js'
import { fastcgiContract } from './fastcgi-contract.js'

void t.test('managed fcgiwrap', needs('fcgiwrap'), async (t) => {
  const adapter = throughFastcgi(nodeHttp, 'managed fcgiwrap', managed([FCGIWRAP, '-f']))
  fastcgiContract(t, adapter, [...BY_FASTCGI, ...WITH_FCGIWRAP])
})
