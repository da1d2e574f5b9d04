import t from 'tap'
import { needs } from '../../apps/programs.js'
import { nodeHttp } from '../../support/adapters.js'
import { startScriptRunner } from '../peers/programs.js'
import { AT_AN_ADDRESS, BY_FASTCGI } from './exceptions.js'
import { byAddress, throughFastcgi } from './fastcgi-adapter.js'
import { fastcgiContract } from './fastcgi-contract.js'

void t.test('a FastCGI application at an address', needs('python3'), async (t) => {
  const { address } = await startScriptRunner(t)
  const adapter = throughFastcgi(nodeHttp, 'by address', byAddress(address))
  fastcgiContract(t, adapter, [...BY_FASTCGI, ...AT_AN_ADDRESS])
})
