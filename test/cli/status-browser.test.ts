import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { CHROMIUM, collectErrors, openPage } from '../support/browser.js'
import { send } from '../support/client.js'
import { serve, type ServedFolder } from './served-folder.js'
import { needs } from './program.js'
import { createSite } from './site.js'

const options = needs(CHROMIUM)

/** Whoever ran one of these would have changed the title, said something or asked for something. */
const ATTACK = `<script>document.title='run'</script><img src=x onerror=alert(1)><a href=x onclick=a>x</a>`

/** Waits until the named pipe that its query names is written to, and says so before. */
const WAIT = `#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "this is the first line"
echo "waiting to be told" >&2
read -r line < "$DOCUMENT_ROOT/pipe-$QUERY_STRING"
echo "$line" >&2
`
const FAIL = `#!/bin/sh
cat >&2 <<'END'
Traceback (most recent call last):
  File "fail.py", line 7, in <module>
    main()
ValueError: </pre>${ATTACK}
END
exit 1
`

interface Shown {
  readonly server: ServedFolder
  readonly folder: string
  readonly page: Page
  /** What the browser complains about. */
  readonly errors: readonly string[]
}

/** Opens the status page of a site. */
async function show(
  t: Test,
  { width = 1280, ...browser }: BrowserContextOptions & { width?: number } = {},
): Promise<Shown> {
  const folder = createSite(t, {
    'index.html': 'text',
    'cgi-bin/hello.sh': '#!/bin/sh\necho Content-Type: text/plain\necho\necho hello\n',
    'cgi-bin/wait.sh': WAIT,
    'cgi-bin/fail.sh': FAIL,
  })
  const server = await serve(t, folder, '--max-processes', '6')
  const page = await openPage(t, width, browser)
  const errors = collectErrors(page)
  await page.goto(`${server.url}.common-gateway/`)
  if (browser.javaScriptEnabled !== false) await page.locator('#live.live').waitFor()
  return { server, folder, page, errors }
}

/** Starts a script that waits. Returns what to call to have it end. */
function startWaiting({ server, folder }: Shown, name: string): () => void {
  const pipe = path.join(folder, `pipe-${name}`)
  execFileSync('mkfifo', [pipe])
  // At the end of the test there may be one that is cut off.
  void send(server.port, `/cgi-bin/wait.sh?${name}`).catch(() => {})
  return () => appendFileSync(pipe, 'told\n')
}

/** For people to look at: in the system's temporary folder. */
function screenshot(name: string): { path: string; fullPage: true } {
  return { path: path.join(tmpdir(), `common-gateway-status-${name}.png`), fullPage: true }
}

async function overflowOf(page: Page): Promise<unknown> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}

for (const width of [390, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const how = `${width} pixels wide, ${colorScheme}`
    void t.test(
      `the status page shows a site that is idle, busy and has failed: ${how}`,
      options,
      async (t) => {
        const shown = await show(t, { width, colorScheme })
        const { server, page, errors } = shown
        const name = `${width}-${colorScheme}`
        const now = page.locator('#now')
        await now.getByText('No request is in progress').waitFor()
        await page.getByText('No request has arrived yet').waitFor()
        assert.equal(await overflowOf(page), 0)
        await page.screenshot(screenshot(`idle-${name}`))

        const release = startWaiting(shown, 'one')
        const running = now.locator('.row.running')
        await running.getByText('/cgi-bin/wait.sh?one').waitFor()
        await running.getByText(/^cgi-bin\/wait\.sh · process \d+ · for 127\.0\.0\.1$/).waitFor()
        const others = ['two', 'three', 'four', 'five', 'six', 'seven'].map((each) => {
          return startWaiting(shown, each)
        })
        const waiting = now.locator('.row.waiting')
        await waiting.getByText('waits for a slot').waitFor()
        await page.locator('#totals .waiting').getByText('1', { exact: true }).waitFor()
        await page.screenshot(screenshot(`busy-${name}`))
        release()
        await waiting.waitFor({ state: 'detached' })
        for (const each of others) each()
        await page.locator('#past .row.done').getByText('/cgi-bin/wait.sh?one').waitFor()
        await now.getByText('No request is in progress').waitFor()

        await send(server.port, '/cgi-bin/fail.sh')
        const failed = page.locator('#past .row.failed')
        await failed.getByText('The script ended without a response').waitFor()
        await failed.locator('summary').click()
        const lines = (await failed.locator('pre').innerText()).split('\n')
        assert.deepEqual(lines.slice(0, 3), [
          'Traceback (most recent call last):',
          '  File "fail.py", line 7, in <module>',
          '    main()',
        ])
        assert.equal(await overflowOf(page), 0)
        await page.screenshot(screenshot(`failed-${name}`))
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        const [lightness = 0] = String(background).match(/\d+/g)?.map(Number) ?? []
        assert.equal(lightness < 128, colorScheme === 'dark', String(background))
        assert.deepEqual(errors, [])
      },
    )
  }
}

void t.test('nothing of a request or of a script runs on the status page', options, async (t) => {
  const { server, page, errors } = await show(t)
  let dialogs = 0
  page.on('dialog', (dialog) => {
    dialogs += 1
    void dialog.dismiss()
  })
  const title = await page.title()
  await send(server.port, `/cgi-bin/fail.sh/${ATTACK.replaceAll(' ', '%20')}`)
  const failed = page.locator('#past .row.failed')
  await failed.waitFor()
  await page.reload()
  await page.locator('#live.live').waitFor()
  await failed.locator('summary').click()
  assert.ok((await failed.locator('pre').innerText()).includes(`ValueError: </pre>${ATTACK}`))
  assert.ok((await failed.locator('.url').innerText()).includes('<img'))
  assert.equal(await page.locator('main script, main img, #past a[onclick]').count(), 0)
  await failed.getByRole('link', { name: 'Inspect this URL' }).click()
  await page.getByRole('heading', { name: 'would run' }).waitFor()
  assert.equal(await page.locator('main script, main img').count(), 0)
  assert.equal(dialogs, 0)
  assert.equal(title, 'Status')
  assert.deepEqual(errors, [])
})

void t.test(
  'the status page is walked by the keyboard, and keeps the place',
  options,
  async (t) => {
    const shown = await show(t)
    const { server, page } = shown
    const release = startWaiting(shown, 'one')
    await page.locator('#now .row').waitFor()
    await send(server.port, '/cgi-bin/fail.sh')
    await page.locator('#past .row').waitFor()

    const focused = page.locator(':focus')
    const places: string[] = []
    for (let count = 0; count < 12; count += 1) {
      await page.keyboard.press('Tab')
      if ((await focused.count()) === 0) break
      const place = 'document.activeElement.id || document.activeElement.textContent.trim()'
      places.push(String(await page.evaluate(place)).slice(0, 12))
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      assert.equal(outline, 'solid', places.at(-1))
    }
    const [status, inspect, site, now, running, filter, past, ...rest] = places
    assert.deepEqual(
      [status, inspect, site, now, filter],
      ['Status', 'Inspect', 'The site', 'now', 'show-all'],
    )
    assert.match(`${running} ${past}`, /^\d\d:\d\d:\d\d \w+ \d\d:\d\d:\d\d \w+$/)
    // Behind the last row comes the browser itself, and then the beginning again.
    assert.notEqual(rest[0], past)

    const row = page.locator('#now .row summary')
    await row.focus()
    await page.keyboard.press('Enter')
    await page.locator('#now [open]').getByText('waiting to be told').waitFor()
    // It stays open and keeps the focus when it is updated and when it has ended.
    const took = page.locator('#now .took')
    await took.filter({ hasNotText: String(await took.textContent()) }).waitFor()
    release()
    const ended = page.locator('#past .row.done')
    await ended.locator('[open]').getByText('told', { exact: true }).waitFor()
    assert.equal(await ended.locator('summary:focus').count(), 1)
    await page.keyboard.press('Enter')
    assert.equal(await ended.locator('[open]').count(), 0)
  },
)

void t.test(
  'a row that is read does not move, and new rows are shown afterwards',
  options,
  async (t) => {
    const { server, page } = await show(t)
    await send(server.port, '/index.html')
    const first = page.locator('#past .row').last()
    await first.waitFor()
    const topOf = async (): Promise<number> => (await first.boundingBox())?.y ?? Number.NaN
    const before = await topOf()
    await first.hover()
    for (let count = 0; count < 3; count += 1) await send(server.port, '/cgi-bin/hello.sh')
    await page.getByText('3 more, shown when you leave the list').waitFor()
    assert.equal(await topOf(), before)
    assert.equal(await page.locator('#past .row').count(), 1)
    await page.mouse.move(5, 5)
    await page.locator('#past .row').nth(3).waitFor()
    assert.equal(await page.locator('#held').isVisible(), false)

    // A row that is open stays where it is on the screen, whatever comes above it.
    await first.locator('summary').click()
    await page.mouse.move(5, 5)
    const place = await topOf()
    for (let count = 4; count < 34; count += 1) {
      await send(server.port, '/cgi-bin/hello.sh')
      // Each row comes by an update of its own: what is rounded must not add up.
      await page.locator('#past .row').nth(count).waitFor({ state: 'attached' })
    }
    const moved = (await topOf()) - place
    assert.ok(Math.abs(moved) < 1, `moved by ${moved} pixels`)
  },
)

void t.test('nothing above the list moves when updates come', options, async (t) => {
  for (const width of [390, 1280]) {
    const shown = await show(t, { width })
    const { server, page } = shown
    const layout = `[...document.querySelectorAll('main > *, .plot, #past-title')]
      .map((element) => element.id + element.getBoundingClientRect().top).join()`
    const before = await page.evaluate(layout)
    const releases: (() => void)[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) releases.push(startWaiting(shown, name))
    for (let count = 0; count < 20; count += 1) await send(server.port, '/cgi-bin/fail.sh')
    await page.locator('#now .row').nth(4).waitFor({ state: 'attached' })
    await page.locator('#past .row').nth(19).waitFor({ state: 'attached' })
    assert.equal(await page.evaluate(layout), before)
    for (const release of releases) release()
    await page.locator('#now .empty').waitFor()
    assert.equal(await page.evaluate(layout), before)
  }
})

void t.test('the list can show scripts and failures alone, and is bounded', options, async (t) => {
  const { server, page } = await show(t)
  const ask = async (url: string): Promise<unknown> => send(server.port, url)
  await Promise.all(Array.from({ length: 110 }, () => ask('/index.html')))
  await ask('/cgi-bin/hello.sh')
  const rows = page.locator('#past .row:visible')
  await page.locator('#past .script').waitFor()
  assert.equal(await rows.count(), 101)
  await page.getByRole('radio', { name: 'failed' }).check()
  assert.equal(await rows.count(), 0)
  assert.ok(await page.getByText('None of these requests has failed').isVisible())
  await page.getByRole('radio', { name: 'scripts' }).check()
  assert.equal(await rows.count(), 1)
  await ask('/cgi-bin/fail.sh')
  await page.getByRole('radio', { name: 'failed' }).check()
  await rows.first().waitFor()
  assert.equal(await rows.count(), 1)
})

void t.test('the status page can be read without JavaScript', options, async (t) => {
  const shown = await show(t, { javaScriptEnabled: false })
  const { server, page } = shown
  await send(server.port, '/cgi-bin/fail.sh')
  startWaiting(shown, 'one')
  await server.outputs(/waiting to be told/)
  await page.reload()
  await page.getByText('As of ').waitFor()
  await page.locator('#now .row.running').getByText('/cgi-bin/wait.sh?one').waitFor()
  const failed = page.locator('#past .row.failed')
  await failed.locator('summary').click()
  assert.ok(await failed.locator('pre').isVisible())

  await failed.getByRole('link', { name: 'Inspect this URL' }).click()
  await page.getByRole('heading', { name: 'would run' }).waitFor()
  await page.getByLabel('URL').fill('/cgi-bin/none.sh')
  await page.getByLabel('Method').selectOption('POST')
  await page.getByRole('button', { name: 'Inspect' }).click()
  await page.getByRole('heading', { name: 'there is no such script' }).waitFor()
  assert.equal(await page.getByLabel('Method').inputValue(), 'POST')
})

void t.test(
  'a page says that its server has gone, and goes on with the next one',
  options,
  async (t) => {
    const { server, folder, page } = await show(t)
    await send(server.port, '/index.html')
    await page.locator('#past .row').waitFor()
    await server.stop()
    await page.getByText('The server does not respond').waitFor()
    const next = await serve(t, folder, '--port', String(server.port))
    await page.locator('#live.live').waitFor()
    await page.getByText('No request has arrived yet').waitFor()
    await send(next.port, '/cgi-bin/hello.sh')
    await page.locator('#past .row').getByText('/cgi-bin/hello.sh').waitFor()
  },
)

void t.test('the line of the inspect view can be copied', options, async (t) => {
  const { server, page } = await show(t, { permissions: ['clipboard-read', 'clipboard-write'] })
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    await page.goto(`${server.url}.common-gateway/inspect?url=/cgi-bin/hello.sh/it's`)
    assert.equal(await overflowOf(page), 0)
  }
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const line = String(await page.evaluate('navigator.clipboard.readText()'))
  assert.match(line, /^\(cd \S+ && env -i .*PATH_INFO='\/it'\\''s' .*hello\.sh\) < \/dev\/null$/)
  const output = execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' })
  assert.equal(output, 'Content-Type: text/plain\n\nhello\n')
})
