import { strict as assert } from 'node:assert'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { Page } from './page.js'
import { Workplace } from './workplace.js'

void t.test('the page on other frameworks', { ...needs('curl'), jobs: 2 }, async (t) => {
  const page = new Page('frameworks.md')
  const servers = page.files.filter(({ name }) => name.endsWith('.js'))

  void t.test('has a server for each', { buffered: true }, async () => {
    assert.equal(servers.length, page.text.match(/^`[\w-]+\.js`:$/gm)?.length)
    assert.ok(servers.length > 5)
    assert.notDeepEqual(page.loose('console'), [])
  })

  for (const { name } of servers) {
    void t.test(`MAP-1 does what it says (${name})`, { buffered: true, ...NO_HANG }, async (t) => {
      const workplace = await Workplace.create(t, page)
      await workplace.start(process.execPath, [name])
      await workplace.follow()
    })
  }
})
