// Loaded before a test file: of the cases that are named by rules, only those of ONLY_RULES are run.
import t from 'tap'

const rules = new RegExp(`\\b(${process.env.ONLY_RULES.replaceAll(' ', '|')})\\b`)
const ANY_RULE = /\b[A-Z]+-\d+\b/
const HAS_SUBTESTS = /\bt\.test\(|(Suite|Contract|Cases)\(t\b/

select(t)

function select(parent) {
  const { test } = parent
  parent.test = (name, ...rest) => {
    const body = rest.at(-1)
    const isSuite = !ANY_RULE.test(name) && HAS_SUBTESTS.test(String(body))
    if (!isSuite && !rules.test(name)) return Promise.resolve()
    const selecting = (child) => {
      if (isSuite) select(child)
      return body(child)
    }
    return test.call(parent, name, ...rest.slice(0, -1), selecting)
  }
}
