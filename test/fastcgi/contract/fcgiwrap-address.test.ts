import t from 'tap'
import { needs } from '../../apps/programs.js'
import { nodeHttp } from '../../support/adapters.js'
import { startFcgiwrap } from '../peers/programs.js'
import {
  AT_AN_ADDRESS,
  BY_FASTCGI,
  WITH_FCGIWRAP,
  WITH_FCGIWRAP_AT_AN_ADDRESS,
} from './exceptions.js'
import { byAddress, throughFastcgi } from './fastcgi-adapter.js'
import { fastcgiContract } from './fastcgi-contract.js'

/** More than a case needs at once, and than stay busy with scripts that fcgiwrap does not end. */
const PROCESSES = 64

void t.test('fcgiwrap by address', needs('fcgiwrap'), async (t) => {
  const { address } = await startFcgiwrap(t, PROCESSES)
  const adapter = throughFastcgi(nodeHttp, 'fcgiwrap by address', byAddress(address))
  fastcgiContract(t, adapter, [
    ...BY_FASTCGI,
    ...AT_AN_ADDRESS,
    ...WITH_FCGIWRAP,
    ...WITH_FCGIWRAP_AT_AN_ADDRESS,
  ])
})
