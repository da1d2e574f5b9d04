import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { fastify5 } from './support/adapters.js'
import { CHROMIUM, collectErrors, openPage } from './support/browser.js'
import { needs } from './cli/program.js'
import { createTemporaryFolder, writeProgram } from './core/temporary-folder.js'

const TRACEBACK = `#!/usr/bin/env python3
import json


def load_configuration(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def main():
    configuration = load_configuration("/no/such/folder/configuration/production-settings.json")
    print("Content-Type: text/plain\\n")


main()
`

/** Whoever ran one of these would have changed the title, said something or asked for something. */
const ATTACK = `<script>document.title='run'</script><img src=x onerror=alert(1)><a href=x onclick=a>x</a>`
const HOSTILE = `#!/bin/sh
cat >&2 <<'END'
</pre></code>${ATTACK}
END
echo "${ATTACK}"
`

const root = createTemporaryFolder(t)
t.before(() => {
  writeProgram(root, 'traceback.py', TRACEBACK)
  writeProgram(root, 'hostile.sh', HOSTILE)
})

async function start(t: Test): Promise<string> {
  const gateway = await fastify5.start({ options: { root, errorPage: true } })
  t.after(() => gateway.close())
  return `${gateway.origin}/cgi-bin`
}

/** For people to look at: in the system's temporary folder. */
function screenshot(name: string): { path: string; fullPage: true } {
  return { path: path.join(tmpdir(), `common-gateway-${name}.png`), fullPage: true }
}

const browser = needs(CHROMIUM)
const python = needs('python3')
const options = browser.skip === false ? python : browser

for (const width of [390, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const how = `${width} pixels wide, ${colorScheme}`
    void t.test(
      `Errors the traceback of a Python script can be read: ${how}`,
      options,
      async (t) => {
        const origin = await start(t)
        const page = await openPage(t, width, { colorScheme })
        const response = await page.goto(`${origin}/traceback.py`)
        assert.equal(response?.status(), 502)
        await page.screenshot(screenshot(`traceback-${width}-${colorScheme}`))

        assert.equal(await page.locator('h1').count(), 1)
        const heading = await page.getByRole('heading', { level: 1 }).innerText()
        assert.match(heading, /^502 Bad Gateway\s+The script ended without a response$/)
        const names = await page.locator('dt').allInnerTexts()
        const values = await page.locator('dd').allInnerTexts()
        const facts = new Map(names.map((name, index) => [name, values[index]]))
        assert.equal(facts.get('Script'), path.join(root, 'traceback.py'))
        assert.equal(facts.get('Exit code'), '1')

        // As it is copied: what goes on at the next line for want of width is still one line.
        const lines = (await page.locator('pre').innerText()).split('\n')
        const line = (text: string): number => lines.indexOf(text)
        assert.equal(line('Traceback (most recent call last):'), 0)
        const main = line(`  File "${path.join(root, 'traceback.py')}", line 15, in <module>`)
        assert.ok(main > 0, lines.join('\n'))
        assert.equal(line('    main()'), main + 1)
        assert.match(lines.at(-1) ?? '', /^FileNotFoundError: .+production-settings\.json'$/)

        assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0)
        const pre = 'document.querySelector("pre")'
        assert.equal(await page.evaluate(`${pre}.scrollWidth - ${pre}.clientWidth`), 0)
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        const [lightness = 0] = String(background).match(/\d+/g)?.map(Number) ?? []
        assert.equal(lightness < 128, colorScheme === 'dark', String(background))
      },
    )
  }

  void t.test(
    `Errors nothing of a script runs on the page: ${width} pixels wide`,
    browser,
    async (t) => {
      const origin = await start(t)
      const page = await openPage(t, width)
      const errors = collectErrors(page)
      const requests: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      let dialogs = 0
      page.on('dialog', (dialog) => {
        dialogs += 1
        void dialog.dismiss()
      })
      await page.goto(`${origin}/hostile.sh`, { waitUntil: 'load' })
      await page.screenshot(screenshot(`hostile-${width}`))
      assert.equal(await page.title(), '502 Bad Gateway: The script sent an invalid header')
      assert.equal(await page.locator('dd').nth(2).innerText(), ATTACK)
      assert.equal(await page.locator('pre').innerText(), `</pre></code>${ATTACK}`)
      for (const element of ['script', 'img', 'a', 'link']) {
        assert.equal(await page.locator(element).count(), 0, element)
      }
      assert.equal(dialogs, 0)
      assert.deepEqual(requests, [`${origin}/hostile.sh`])
      // Its style is let in by the policy, and nothing else has asked to be.
      assert.deepEqual(
        errors.filter((error) => !error.includes('502')),
        [],
      )
      assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0)
    },
  )
}
