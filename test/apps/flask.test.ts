import assert from 'node:assert/strict'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import type { Page } from 'playwright-core'
import { adapters } from '../support/adapters.js'
import { collectErrors, openPage } from '../support/browser.js'
import { FIXTURES, makeFolder, startAt } from './application.js'
import { needs } from './programs.js'

/** Each of its pages is a start of Python with Flask. */
const NO_HANG = { timeout: 120_000 }

/** A picture of 3 by 2 pixels. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAD0lEQVR42mM4EaABQQwQCgAzFwYfd+1pVAAAAABJRU5ErkJggg==',
  'base64',
)

const tried = adapters.filter(({ name }) => ['Fastify 5', 'Express 5'].includes(name))

void t.test('a Flask application', { ...needs('Flask', 'chromium'), jobs: 2 }, async (t) => {
  const folder = makeFolder(t)

  void t.test('is tried with both frameworks', { buffered: true }, async () =>
    assert.equal(tried.length, 2),
  )

  for (const [number, adapter] of tried.entries()) {
    void t.test(
      `ENV-1 HDR-3 RES-3 it is used in a browser, through CGIHandler (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const gateway = await startAt(t, adapter, '/notes', {
          script: path.join(FIXTURES, 'flask/notebook.py'),
          env: { NOTES: path.join(folder, `${number}.sqlite`) },
        })
        const mount = `${gateway.origin}/notes`
        const page = await openPage(t, 800)
        const errors = collectErrors(page)
        await page.goto(`${mount}/`)
        await signIn(page)
        await write(page)
        assert.deepEqual(errors, [])
        await askOtherwise(t, mount)
        // What Flask says of a failure is in the log of the host.
        assert.equal((await fetch(`${mount}/fail`, { signal: signalOf(t) })).status, 500)
        await gateway.logged(({ message }) => message.includes('RuntimeError: on purpose'))
      },
    )
  }
})

async function signIn(page: Page): Promise<void> {
  for (const password of ['wrong', 'secret words']) {
    await page.getByLabel('Name').fill('Zoë')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    if (password === 'wrong') await page.getByText('That is not the password.').waitFor()
  }
  await page.getByRole('heading', { name: 'Notes of Zoë' }).waitFor()
}

async function write(page: Page): Promise<void> {
  await page.getByLabel('Note').fill('Vögel & <b>mehr</b>')
  const picture = { name: 'wren.png', mimeType: 'image/png', buffer: PICTURE }
  await page.getByLabel('Picture').setInputFiles(picture)
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByRole('status').getByText('It is written.').waitFor()
  assert.equal(await page.locator('q').textContent(), 'Vögel & <b>mehr</b>')
  await page.waitForFunction('document.images[0]?.naturalWidth === 3')
}

/** What no browser asks, or shows. */
async function askOtherwise(t: Test, mount: string): Promise<void> {
  const ask = (address: string, init: RequestInit = {}): Promise<Response> =>
    fetch(mount + address, { ...init, signal: signalOf(t) })
  const note = await ask('/notes/1')
  assert.deepEqual(await note.json(), { text: 'Vögel & <b>mehr</b>', url: `${mount}/notes/1` })
  assert.equal((await ask('/notes/2')).status, 404)

  const picture = await ask('/notes/1/picture')
  assert.deepEqual(Buffer.from(await picture.arrayBuffer()), PICTURE)
  const headers = { 'if-none-match': picture.headers.get('etag') ?? '' }
  assert.equal((await ask('/notes/1/picture', { headers })).status, 304)
  const range = await ask('/notes/1/picture', { headers: { range: 'bytes=1-3' } })
  assert.deepEqual([range.status, await range.text()], [206, 'PNG'])

  const post = { method: 'POST', body: new FormData() }
  assert.equal((await ask('/notes', post)).status, 403)
  const large = new URLSearchParams({ name: 'x'.repeat(1_100_000), password: '' })
  assert.equal((await ask('/enter', { method: 'POST', body: large })).status, 413)
}
