import { strict as assert } from 'node:assert'
import { existsSync } from 'node:fs'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { DEFAULTS } from '@common-gateway/core'
import { Page } from './page.js'
import { Workplace } from './workplace.js'

const DOCS = 'https://github.com/common-gateway/common-gateway/blob/main/'

void t.test('the pages of the packages', { ...needs('curl'), jobs: 2 }, async (t) => {
  for (const name of ['express', 'fastify']) {
    const page = new Page(`../packages/${name}/README.md`)

    void t.test(`do what they say (${name})`, { buffered: true, ...NO_HANG }, async (t) => {
      const workplace = await Workplace.create(t, page)
      await workplace.start(process.execPath, ['server.js'])
      await workplace.follow()
    })

    void t.test(`OPT-3 give the defaults (${name})`, { buffered: true }, async () => {
      const defaults: Readonly<Record<string, unknown>> = DEFAULTS
      for (const [option = '', given] of page.table('Options')) {
        const value = defaults[option.replaceAll('`', '')]
        if (value === undefined || option === '`maxProcesses`') continue
        assert.equal(given, `\`${JSON.stringify(value).replaceAll('"', "'")}\``, option)
      }
    })
  }

  void t.test('lead to pages that are there', { buffered: true }, async () => {
    for (const name of ['core', 'express', 'fastify', 'fastcgi', 'warm', 'cli']) {
      const { text } = new Page(`../packages/${name}/README.md`)
      assert.doesNotMatch(text, /\]\(\.\.?\//, `${name}: npm has no relative links`)
      for (const [, link = ''] of text.matchAll(/\]\((\S+?)(?:#\S*)?\)/g)) {
        if (!link.startsWith(DOCS)) continue
        const file = new URL(`../../../${link.slice(DOCS.length)}`, import.meta.url)
        assert.ok(existsSync(file), `${name}: ${link}`)
      }
    }
  })
})
