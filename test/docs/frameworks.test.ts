import { strict as assert } from 'node:assert'
import { describe, test } from 'node:test'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { Page } from './page.js'
import { Workplace } from './workplace.js'

describe('the page on other frameworks', { ...needs('curl'), concurrency: 2 }, () => {
  const page = new Page('frameworks.md')
  const servers = page.files.filter(({ name }) => name.endsWith('.js'))

  test('has a server for each', () => {
    assert.equal(servers.length, page.text.match(/^`[\w-]+\.js`:$/gm)?.length)
    assert.ok(servers.length > 5)
    assert.notDeepEqual(page.loose('console'), [])
  })

  for (const { name } of servers) {
    test(`MAP-1 does what it says (${name})`, NO_HANG, async (t) => {
      const workplace = await Workplace.create(t, page)
      await workplace.start(process.execPath, [name])
      await workplace.follow()
    })
  }
})
