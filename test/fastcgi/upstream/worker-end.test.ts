import assert from 'node:assert/strict'
import { waitForAbort } from '@internal/fastcgi/upstream/worker-end.js'
import type { ExchangeEnd } from '@internal/fastcgi/connection/exchange.js'
import t from 'tap'

const END: ExchangeEnd = { type: 'complete', appStatus: 0, isReusable: false }

/** A worker that is being loaded the first `times` times that it is asked. */
function loading(times: number): { readonly asked: number; readonly isLoading: boolean } {
  let asked = 0
  return {
    get asked() {
      return asked
    },
    get isLoading() {
      asked += 1
      return asked <= times
    },
  }
}

void t.test(
  'UP-8 a worker that has just been loaded gets the time of any other to abort',
  async () => {
    const worker = loading(2)
    const ended = new Promise<ExchangeEnd>((resolve) => {
      const poll = setInterval(() => {
        if (worker.asked < 3) return
        clearInterval(poll)
        resolve(END)
      })
    })
    assert.equal(await waitForAbort({ end: ended }, worker, 1_000), END)
  },
)

void t.test('UP-8 a worker that is not being loaded gets it once', async () => {
  const worker = loading(0)
  const never = new Promise<ExchangeEnd>(() => {})
  assert.equal(await waitForAbort({ end: never }, worker, 1_000), undefined)
  assert.equal(worker.asked, 1)
})
