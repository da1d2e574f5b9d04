import assert from 'node:assert/strict'
import t from 'tap'
import {
  type RetryFacts,
  isHeldBack,
  isSentAgain,
  mayReuseConnection,
  type Outcome,
  outcomeOf,
} from '@internal/fastcgi/upstream/retry-decision.js'

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH', 'PROPFIND'] as const

const attempt: RetryFacts = {
  outcome: 'unsent',
  method: 'GET',
  isReused: false,
  hasKilledWorker: false,
  canSendAgain: true,
  retries: 0,
  retry: 'unsent',
}

/** The methods that are sent again after this. */
function sentAgain(facts: Partial<RetryFacts>): string {
  return METHODS.filter((method) => isSentAgain({ ...attempt, ...facts, method })).join(' ')
}

const ALL = METHODS.join(' ')
const SAFE = 'GET HEAD OPTIONS'

void t.test('UP-5 the end of a request that is not safe waits for the application', async () => {
  assert.equal(METHODS.filter(isHeldBack).join(' '), 'PUT DELETE POST PATCH PROPFIND')
})

void t.test(
  'UP-5 a request that was not processed is sent again, whatever its method',
  async () => {
    for (const outcome of ['unsent', 'refused'] satisfies Outcome[]) {
      assert.equal(sentAgain({ outcome }), ALL, outcome)
      assert.equal(sentAgain({ outcome, isReused: true }), ALL, outcome)
    }
  },
)

void t.test(
  'UP-5 a kept connection that ends without an answer costs no idempotent request',
  async () => {
    assert.equal(sentAgain({ outcome: 'unanswered', isReused: true }), `${SAFE} PUT DELETE`)
  },
)

void t.test(
  'UP-5 a request without an answer on a fresh connection is not sent again',
  async () => {
    assert.equal(sentAgain({ outcome: 'unanswered' }), '')
  },
)

void t.test("UP-5 retry 'safe' sends a safe request without an answer once more", async () => {
  const facts = { outcome: 'unanswered', retry: 'safe' } as const
  assert.equal(sentAgain(facts), SAFE)
  assert.equal(sentAgain({ ...facts, retries: 1 }), '')
})

void t.test('UP-5 a request whose answer had begun is never sent again', async () => {
  assert.equal(sentAgain({ outcome: 'failed', retry: 'safe', isReused: true }), '')
})

void t.test('UP-5 a request is sent again at most twice', async () => {
  assert.equal(sentAgain({ outcome: 'unsent', retries: 1 }), ALL)
  assert.equal(sentAgain({ outcome: 'unsent', retries: 2 }), '')
})

void t.test('UP-5 a request that has killed its worker is not sent to another', async () => {
  const facts = { outcome: 'unanswered', isReused: true, hasKilledWorker: true } as const
  assert.equal(sentAgain(facts), '')
})

void t.test('UP-5 a request whose body is gone is not sent again', async () => {
  assert.equal(sentAgain({ outcome: 'unsent', canSendAgain: false }), '')
})

void t.test('UP-5 a request that must not be repeated goes on a fresh connection', async () => {
  assert.equal(METHODS.filter(mayReuseConnection).join(' '), `${SAFE} PUT DELETE`)
})

void t.test('UP-5 what is not known to be unseen is taken for seen', async () => {
  const nothing = { hasAnswerBegun: false, isSent: false }
  const sent = { ...nothing, isSent: true }
  const begun = { hasAnswerBegun: true, isSent: true }
  const lost = { type: 'lost', error: undefined } as const
  const rejected = (protocolStatus: number) => ({ type: 'rejected', protocolStatus }) as const
  assert.equal(outcomeOf(lost, nothing), 'unsent')
  assert.equal(outcomeOf(lost, sent), 'unanswered')
  assert.equal(outcomeOf(lost, begun), 'failed')
  assert.deepEqual(
    [1, 2, 3].map((status) => outcomeOf(rejected(status), sent)),
    ['refused', 'refused', 'failed'],
  )
  assert.equal(outcomeOf(rejected(2), begun), 'failed')
  assert.equal(outcomeOf({ type: 'fault', reason: 'garbage' }, sent), 'failed')
})
