import assert from 'node:assert/strict'
import t from 'tap'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { openPage } from '../support/browser.js'
import { needs } from './programs.js'

/** Each of its pages is some seconds of PHP and of the browser where the machine is busy. */
const NO_HANG = { timeout: 180_000 }

/** A picture of 3 by 2 pixels; MediaWiki reads it to the last byte. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGNQcGiAIAY4CwAyVAVBwNQB+AAAAABJRU5ErkJggg==',
  'base64',
)

void t.test('MediaWiki by its pool', needs('MediaWiki', 'php-cgi', 'chromium'), async (t) => {
  void t.test(
    'UP-1 MAP-8 MediaWiki, a front controller, is used in a browser by php-cgi that stays',
    NO_HANG,
    async (t) => {
      const workplace = await Workplace.create(t, new Page('recipes/mediawiki.md'))
      const page = await openPage(t, 1280)
      const errors: string[] = []
      page.on('pageerror', (error) => errors.push(String(error)))
      await workplace.start(process.execPath, ['fastify.js'])
      const { origin } = workplace

      await page.goto(`${origin}/wiki/Special:UserLogin`)
      await page.locator('#wpName1').fill('Grace')
      await page.locator('#wpPassword1').fill('secret words')
      await page.locator('#wpLoginAttempt').click()
      await page.locator('#pt-userpage').waitFor()

      await page.goto(`${origin}/wiki/Special:Upload`)
      const picture = { name: 'wren.png', mimeType: 'image/png', buffer: PICTURE }
      await page.locator('#wpUploadFile').setInputFiles(picture)
      await page.locator('#wpIgnoreWarning').check()
      await page.locator('input[name=wpUpload]').click()
      await page.waitForURL(`${origin}/wiki/File:Wren.png`)

      await page.goto(`${origin}/wiki/Birds/Wren?action=edit`)
      await page.locator('#wpTextbox1').fill("The ''Zaunkönig'' [[File:Wren.png]]")
      await page.locator('#wpSave').click()
      await page.waitForURL(`${origin}/wiki/Birds/Wren`)

      // Read again by another client.
      await page.context().clearCookies()
      await page.goto(`${origin}/wiki/Birds/Wren`)
      assert.equal(await page.title(), 'Birds/Wren - Field Notes')
      assert.equal(await page.locator('.mw-parser-output i').textContent(), 'Zaunkönig')
      await page.waitForFunction(
        `(({ naturalWidth, naturalHeight }) => naturalWidth === 3 && naturalHeight === 2)(
          document.querySelector('.mw-parser-output img'))`,
      )
      // Made by load.php from many files.
      await page.waitForFunction('window.mw?.loader.getState("mediawiki.page.ready") === "ready"')
      assert.deepEqual(errors, [])
    },
  )
})
