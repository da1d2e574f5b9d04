import assert from 'node:assert/strict'
import { access, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import type { Page as BrowserPage } from 'playwright-core'
import { openPage } from '../support/browser.js'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { needs } from './programs.js'

const recipe = new Page('recipes/dokuwiki.md')

/** Each of its pages is some seconds of PHP and of the browser where the machine is busy. */
const NO_HANG = { timeout: 180_000 }

/** A picture of 3 by 2 pixels. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAD0lEQVR42mM4EaABQQwQCgAzFwYfd+1pVAAAAABJRU5ErkJggg==',
  'base64',
)

void t.test('DokuWiki', needs('DokuWiki', 'php-cgi', 'chromium'), async (t) => {
  void t.test(
    'MAP-1 BODY-1 HDR-3 DokuWiki is used in a browser, as its recipe has it',
    NO_HANG,
    async (t) => {
      const workplace = await Workplace.create(t, recipe)
      const page = await openPage(t, 1280)
      const errors: string[] = []
      page.on('pageerror', (error) => errors.push(String(error)))

      for (const framework of ['fastify', 'express', 'server']) {
        const server = await workplace.start(process.execPath, [`${framework}.js`])
        if (framework === 'fastify') await install(page, workplace)
        await logIn(page, workplace)
        await upload(page, workplace, `${framework}.png`)
        await edit(page, workplace, framework)
        // Read again by another client.
        await page.context().clearCookies()
        await see(page, workplace, framework)
        await lookBehind(t, workplace, framework)
        await server.close()
      }
      assert.deepEqual(errors, [])
    },
  )
})

async function install(page: BrowserPage, { origin, folder }: Workplace): Promise<void> {
  await page.goto(`${origin}/wiki/install.php`)
  await page.getByLabel('Wiki Name').fill('Field Notes')
  await page.getByLabel('Superuser').fill('grace')
  await page.getByLabel('Real name').fill('Grace Hopper')
  await page.getByLabel('E-Mail').fill('grace@example.org')
  await page.getByLabel('Password').fill('secret words')
  await page.getByLabel('once again').fill('secret words')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The configuration was finished successfully').waitFor()
  await access(path.join(folder, 'wiki/conf/local.php'))
  await rm(path.join(folder, 'wiki/install.php'))
}

async function logIn(page: BrowserPage, { origin }: Workplace): Promise<void> {
  await page.goto(`${origin}/wiki/`)
  await page.getByRole('link', { name: 'Log In' }).click()
  for (const password of ['wrong', 'secret words']) {
    await page.getByLabel('Username').fill('grace')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log In' }).click()
    if (password === 'wrong') await page.getByText('username or password was wrong').waitFor()
  }
  await page.getByText('Logged in as: Grace Hopper (grace)').waitFor()
}

async function upload(
  page: BrowserPage,
  { origin, folder }: Workplace,
  name: string,
): Promise<void> {
  await page.goto(`${origin}/wiki/lib/exe/mediamanager.php`)
  const picture = { name, mimeType: 'image/png', buffer: PICTURE }
  await page.locator('input[type=file]').setInputFiles(picture)
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.getByRole('link', { name }).waitFor()
  assert.deepEqual(await readFile(path.join(folder, 'wiki/data/media', name)), PICTURE)
}

async function edit(page: BrowserPage, { origin }: Workplace, name: string): Promise<void> {
  await page.goto(`${origin}/wiki/doku.php?id=${name}&do=edit`)
  await page.locator('#wiki__text').fill(`====== Vögel ======\n{{:${name}.png}} //Zaunkönig//\n`)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Vögel' }).waitFor()
  // The page asks for lib/exe/taskrunner.php, which writes what the next page reads, without a lock.
  await page.waitForLoadState('networkidle')
}

async function see(page: BrowserPage, { origin }: Workplace, name: string): Promise<void> {
  await page.goto(`${origin}/wiki/doku.php?id=${name}`)
  assert.equal(await page.title(), `${name} [Field Notes]`)
  assert.match(await page.locator('.page').innerText(), /Zaunkönig/)
  assert.equal(await page.locator('em').textContent(), 'Zaunkönig')
  // Loaded only once it is seen, and so not awaited by goto().
  await page.waitForFunction(
    `(({ naturalWidth, naturalHeight }) => naturalWidth === 3 && naturalHeight === 2)(
      document.querySelector('img[src*="${name}.png"]'))`,
  )
  // Made by lib/exe/css.php from many files.
  const style = await page.evaluate(
    '[...document.styleSheets].flatMap(({ cssRules }) => [...cssRules]).map((r) => r.cssText).join()',
  )
  assert.ok(String(style).length > 50_000, 'the wiki has its style')
}

/** What is behind the wiki stays there. */
async function lookBehind(t: Test, { origin }: Workplace, name: string): Promise<void> {
  const signal = signalOf(t)
  for (const file of [`data/pages/${name}.txt`, `data/media/${name}.png`, 'conf/mime.conf']) {
    const response = await fetch(`${origin}/wiki/${file}`, { signal })
    assert.equal(response.status, 403, file)
    assert.doesNotMatch(await response.text(), /Zaun|PNG|image/)
  }
  const sources = ['conf/users.auth.php', 'conf/local.php', 'lib/plugins/action.php']
  for (const file of [...sources, 'lib/tpl/dokuwiki/main.php', 'inc/init.php']) {
    const response = await fetch(`${origin}/wiki/${file}`, { signal })
    assert.doesNotMatch(await response.text(), /<\?php|grace@example/, file)
  }
}
