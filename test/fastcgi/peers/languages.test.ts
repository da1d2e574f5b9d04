import { fastcgi, scgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { peerSuite } from './peer-suite.js'
import { startGo, startPerl, startPython } from './programs.js'

void t.test('Perl’s FCGI behind spawn-fcgi', needs('spawn-fcgi', 'FCGI.pm'), async (t) => {
  peerSuite(t, 'Perl', async (t) => {
    const { address } = await startPerl(t)
    return { options: { script: fastcgi({ address }) } }
  })
})

void t.test('net/http/fcgi of Go', needs('Go'), async (t) => {
  peerSuite(t, 'Go', async (t) => {
    const { address } = await startGo(t)
    return { options: { script: fastcgi(address) }, hasNoStandardError: true }
  })
})

void t.test('a responder of SCGI in Python', needs('python3'), async (t) => {
  peerSuite(t, 'Python', async (t) => {
    const { address } = await startPython(t)
    return { options: { script: scgi({ address }) }, hasNoStandardError: true }
  })
})
