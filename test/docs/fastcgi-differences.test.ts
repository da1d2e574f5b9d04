import assert from 'node:assert/strict'
import t from 'tap'
import type { Exception } from '../contract/exceptions.js'
import {
  AT_AN_ADDRESS,
  BY_FASTCGI,
  WITH_FCGIWRAP,
  WITH_FCGIWRAP_AT_AN_ADDRESS,
} from '../fastcgi/contract/exceptions.js'
import { Page } from './page.js'

const TABLES: Readonly<Record<string, readonly Exception[]>> = {
  'Any application': BY_FASTCGI,
  'An application at an address': AT_AN_ADDRESS,
  fcgiwrap: WITH_FCGIWRAP,
  'fcgiwrap at an address': WITH_FCGIWRAP_AT_AN_ADDRESS,
}

/** The rules that cases are about, each once. */
function rulesOf({ cases }: Exception): string {
  return [...new Set(cases.flatMap((name) => name.match(/[A-Z]+-\d+|^Errors/g) ?? []))].join(', ')
}

const page = new Page('fastcgi.md')

for (const [heading, exceptions] of Object.entries(TABLES)) {
  void t.test(`the page has each exception of ${heading}, and no other`, async () => {
    const rows = exceptions.map((each) => [each.what, rulesOf(each), each.why])
    assert.deepEqual(page.table(heading), rows)
  })
}
