import type { Test } from 'tap'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** The browser, as Debian names it. */
export const CHROMIUM = '/usr/bin/chromium'

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic']
ARGUMENTS.push('--no-first-run', '--disable-background-networking', '--disable-component-update')
ARGUMENTS.push('--disable-sync')

/** Starts the browser, on a profile of its own, which is gone with it. */
export async function openPage(
  t: Test,
  width: number,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })
  t.after(() => browser.close())
  return browser.newPage({ viewport: { width, height: 900 }, ...options })
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
