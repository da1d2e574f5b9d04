import { fastcgi } from '@common-gateway/fastcgi'
import { readFileSync } from 'node:fs'
import { nodeHttp } from '../../support/adapters.js'
import type { Asked } from '../../support/forked-process.js'

/** What the process says of its memory, in bytes. */
export interface Memory {
  readonly now: number
  readonly most: number
}

/** The process whose memory is measured: a gateway for the application at this address. */
const [, , address = ''] = process.argv

const gateway = await nodeHttp.start({
  options: { script: fastcgi({ address, maxConnections: 8 }), maxQueue: 10_000 },
})

process.on('message', ({ id }: Asked<'memory'>) => process.send?.({ id, reply: measure() }))
process.on('disconnect', () => void gateway.close())
process.send?.({ port: gateway.port })

function measure(): Memory {
  const status = readFileSync('/proc/self/status', 'utf8')
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { now: read('VmRSS'), most: read('VmHWM') }
}
