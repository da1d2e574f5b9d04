import assert from 'node:assert/strict'
import type { Test } from 'tap'

/** Cases of a contract that do not hold where scripts run in a certain way. */
export interface Exception {
  /** Subject of the cases, for the documents. */
  readonly what: string
  /** Why they cannot hold there. */
  readonly why: string
  /** The names of the cases. */
  readonly cases: readonly string[]
}

type Body = (t: Test) => unknown

/**
 * Runs suites without the cases of these exceptions. It fails where an exception names no case, so that the list has
 * only cases that exist.
 */
export function withExceptions(
  t: Test,
  exceptions: readonly Exception[],
  suites: (t: Test) => void,
): void {
  const missing = new Set(exceptions.flatMap(({ cases }) => cases))
  const names = new Set(missing)
  suites(select(t))
  void t.test('each exception names a case', async () => {
    assert.deepEqual([...missing], [])
  })

  function select(parent: Test): Test {
    return new Proxy(parent, {
      get(target, key) {
        if (key === 'test') return test
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

    function test(name: string, ...rest: [Body] | [object, Body]): Promise<unknown> {
      if (names.has(name)) {
        missing.delete(name)
        return Promise.resolve()
      }
      const body = rest.at(-1) as Body
      const options = rest.length === 2 ? rest[0] : {}
      return parent.test(name, options, async (t) => runSuite(t, body))
    }
  }

  /** `npm test -- RULE` takes a body that calls a suite for one. */
  async function runSuite(t: Test, body: Body): Promise<void> {
    await body(select(t))
  }
}
