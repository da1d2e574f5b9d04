import type {
  Release,
  ScriptCall,
  Transport,
  TransportContext,
  TransportFactory,
} from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import t from 'tap'
import { LateTransportFactory } from '@internal/cli/site/late-transport.js'

// What the transports below do with it: nothing.
const GATEWAY = {} as TransportContext
const CALL = {} as ScriptCall
const { signal } = new AbortController()

/** A package whose transports have one slot in common, and say what happens. */
class Package implements TransportFactory {
  readonly events: string[] = []
  free = 1

  readonly load = async (): Promise<TransportFactory> => {
    this.events.push('import')
    return this
  }

  createTransport(): Transport {
    this.events.push('create')
    const take = (): Release | undefined => {
      if (this.free === 0) return undefined
      this.free -= 1
      return () => void (this.free += 1)
    }
    return {
      slots: { free: this.free, take, wait: async () => assert.fail('the slot is free') },
      open: async () => {
        this.events.push('open')
        throw new Error('opened')
      },
      stats: () => [],
      close: async () => void this.events.push('close'),
    }
  }
}

void t.test('UP-8 a package is imported for the first request, once', async () => {
  const late = new Package()
  const factory = new LateTransportFactory(late.load)
  const [one, two] = [factory.createTransport(GATEWAY), factory.createTransport(GATEWAY)]
  assert.equal(one.slots?.take(), undefined)
  assert.equal(one.slots?.free, 1)
  assert.deepEqual(one.stats?.(), [])
  assert.deepEqual(late.events, [])

  const release = await one.slots?.wait(signal)
  assert.deepEqual(late.events, ['import', 'create'])
  await assert.rejects(one.open(CALL), /opened/)
  release?.()
  const again = one.slots?.take()
  assert.ok(again !== undefined)
  again()

  ;(await two.slots?.wait(signal))?.()
  await assert.rejects(two.open(CALL), /opened/)
  assert.deepEqual(late.events, ['import', 'create', 'open', 'create', 'open'])
  await Promise.all([one.close(), two.close()])
  assert.deepEqual(late.events.slice(-2), ['close', 'close'])
})

void t.test('UP-8 what was never imported is closed without it', async () => {
  const late = new Package()
  await new LateTransportFactory(late.load).createTransport(GATEWAY).close()
  assert.deepEqual(late.events, [])
})

void t.test('UP-8 a package that cannot be imported is the error of its requests', async () => {
  const factory = new LateTransportFactory(() => Promise.reject(new Error('not found')))
  const transport = factory.createTransport(GATEWAY)
  assert.ok(transport.slots !== undefined)
  await assert.rejects(transport.slots.wait(signal), /not found/)
  await assert.rejects(transport.slots.wait(signal), /not found/)
})
