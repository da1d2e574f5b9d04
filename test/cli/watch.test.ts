import { strict as assert } from 'node:assert'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { NO_HANG } from './command.js'
import { serve } from './served-folder.js'
import { createSite } from './site.js'

const SITE = {
  'page.html': '<h1>Page</h1>\n',
  'note.txt': 'note\n',
  'cgi-bin/page.sh': "#!/bin/sh\nprintf 'Content-Type: text/html\\n\\n<h1>Script</h1>'\n",
  'cgi-bin/counter.sh':
    "#!/bin/sh\necho 1 >> ../counter\nprintf 'Content-Type: text/html\\n\\ncounted'\n",
}
const ELEMENT = '<script src="/.common-gateway/reload.js"></script>\n'
const BROWSER = { accept: 'text/html,*/*' }

void t.test('CMD-35 --watch adds a script to pages in a browser', NO_HANG, async (t) => {
  const { url } = await serve(t, createSite(t, SITE), '--watch')
  const get = async (name: string, headers: Record<string, string> = BROWSER): Promise<string> => {
    const answer = await fetch(`${url}${name}`, { headers })
    const text = await answer.text()
    const length = answer.headers.get('content-length')
    if (length !== null) assert.equal(Number(length), Buffer.byteLength(text))
    return text
  }
  assert.equal(await get('page.html'), `<h1>Page</h1>\n${ELEMENT}`)
  assert.equal(await get('cgi-bin/page.sh'), `<h1>Script</h1>${ELEMENT}`)
  assert.ok((await get('missing')).endsWith(ELEMENT))
  assert.equal(await get('page.html', {}), '<h1>Page</h1>\n')
  assert.equal(await get('page.html', { ...BROWSER, 'x-forwarded-for': '::1' }), '<h1>Page</h1>\n')
  assert.equal(await get('note.txt'), 'note\n')
  assert.match(await get('.common-gateway/reload.js'), /new EventSource/)
})

void t.test('CMD-36 --watch reports a change, but not one of a script', NO_HANG, async (t) => {
  const folder = createSite(t, SITE)
  const { url } = await serve(t, folder, '--watch')
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const { body } = await fetch(`${url}.common-gateway/reload`, { signal: leaving.signal })
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  assert.equal((await reader?.read())?.value, ': open\n\n')
  let changes = 0
  const next = reader?.read().then(({ value }) => {
    changes += 1
    return value
  })
  assert.equal(await (await fetch(`${url}cgi-bin/counter.sh`)).text(), 'counted')
  // Longer than a change needs to settle.
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(changes, 0)
  writeFileSync(path.join(folder, 'page.html'), '<h1>New</h1>\n')
  assert.equal(await next, 'data: changed\n\n')
})
