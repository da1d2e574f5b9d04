import { createSeed } from '../../fuzz/arguments.js'
import { mutate } from '../mutation/mutation.js'
import { soakWarm } from './soak.js'

/** Warm interpreters: `npm run soak:warm -- 200000 SEED`. Changing files first, with a twentieth of the requests. */
const [, , count = '200000', seedText] = process.argv
const requests = Number(count)
const seed = seedText === undefined ? createSeed() : Number(seedText)
const MOST_FAULTS = 30

const mutation = await mutate({
  requests: Math.ceil(requests / 20),
  seed,
  languages: ['python', 'perl'],
  interval: 6_000,
})
console.log(
  `${mutation.requests} requests while ${mutation.changes} changes were made: ${mutation.warm} warm, ${mutation.faults.length} wrong`,
)
const soak = await soakWarm({
  requests,
  seed,
  // After a kill, the next fork server tries all modules again: with more kills, most scripts are started plainly.
  requestsPerKill: 500,
  onProgress: ({ requests: done, kills, faults }) => {
    if (done % 10_000 === 0)
      console.log(`${done} requests, ${kills} kills, ${faults.length} faults`)
  },
})
console.log(
  `${soak.requests} requests, ${soak.warm} warm, ${soak.kills} fork servers killed, ${soak.unknownExits} unknown exits, ${soak.faults.length} faults`,
)
const faults = [...mutation.faults, ...soak.faults]
for (const fault of faults.slice(0, MOST_FAULTS)) console.log(fault)
if (faults.length > 0) console.log(`Again: npm run soak:warm -- ${count} ${seed}`)
process.exitCode = faults.length === 0 ? 0 : 1
