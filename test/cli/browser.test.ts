import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import t from 'tap'
import { CHROMIUM, collectErrors, openPage } from '../support/browser.js'
import { DEMO } from './command.js'
import { needs } from './program.js'
import { serve } from './served-folder.js'

const options = needs(CHROMIUM)

for (const width of [390, 1280]) {
  void t.test(`the demo works in a browser that is ${width} pixels wide`, options, async (t) => {
    const server = await serve(t, DEMO)
    const page = await openPage(t, width)
    const errors = collectErrors(page)
    await page.goto(server.url)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    assert.equal(overflow, 0, 'nothing is wider than the window')

    await page.getByRole('button', { name: 'Listen' }).press('Enter')
    await page.locator('#events li').nth(1).waitFor()
    const events = await page.locator('#events li').allTextContents()
    for (const event of events) assert.match(event, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    await page.getByRole('button', { name: 'Stop' }).press('Enter')
    await server.outputs(/ GET +\/cgi-bin\/events\.js +200 .* aborted$/)

    await page.getByLabel('Your name').fill('Zoë <b>')
    await page.getByLabel('A message').fill('three little words')
    await page.getByLabel('Your name').press('Enter')
    const greeting = await page.getByRole('status').textContent()
    assert.match(greeting ?? '', /Hello, Zoë <b>! You wrote 3 words: three little words/)

    await page.getByRole('link', { name: 'Back to the demo' }).click()
    const buffer = Buffer.from('what is in the file\r\n')
    const file = { name: 'Übung <1>.txt', mimeType: 'text/plain', buffer }
    await page.getByLabel('A file').setInputFiles(file)
    await page.getByRole('button', { name: 'Upload' }).click()
    const details = await page.locator('dl dd').allTextContents()
    const checksum = createHash('sha256').update(buffer).digest('hex')
    assert.deepEqual(details, [file.name, `${buffer.length} bytes`, checksum])

    await page.getByRole('link', { name: 'Back to the demo' }).click()
    for (const visits of ['1', '2']) {
      await page.goto(`${server.url}cgi-bin/visits.sh`)
      assert.equal(await page.locator('b').textContent(), visits)
    }
    assert.deepEqual(errors, [])
  })
}
