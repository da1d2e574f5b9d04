import tap, { type Test } from 'tap'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** The browser, as Debian names it. */
export const CHROMIUM = '/usr/bin/chromium'

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic']
ARGUMENTS.push('--no-first-run', '--disable-background-networking', '--disable-component-update')
ARGUMENTS.push('--disable-sync')

let launched: Promise<Browser> | undefined

/** One browser for all cases of a file: each start takes seconds of processor time. */
function launch(): Promise<Browser> {
  if (launched === undefined) {
    const browser = chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })
    // Unlike after(), teardown() also ends a file whose browser still runs.
    tap.teardown(async () => (await browser).close())
    launched = browser
  }
  return launched
}

/** Opens a page in a context of its own, with no cookies, cache or history of another test. */
export async function openPage(
  t: Test,
  width: number,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const browser = await launch()
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options })
  t.after(() => context.close())
  return context.newPage()
}

/** What the browser complains about. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  return errors
}
