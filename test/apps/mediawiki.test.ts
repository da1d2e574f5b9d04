import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { exchange } from '../support/client.js'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { needs } from './programs.js'

/** Each of its pages is some seconds of PHP where the machine is busy. */
const NO_HANG = { timeout: 180_000 }

/** A picture of 3 by 2 pixels; MediaWiki reads it to the last byte. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGNQcGiAIAY4CwAyVAVBwNQB+AAAAABJRU5ErkJggg==',
  'base64',
)

void t.test('MediaWiki', needs('MediaWiki', 'php-cgi'), async (t) => {
  void t.test('MAP-4 MAP-8 BODY-1 MediaWiki is used, as its recipe has it', NO_HANG, async (t) => {
    const workplace = await Workplace.create(t, new Page('recipes/mediawiki.md'))
    for (const framework of ['fastify', 'express', 'server']) {
      const server = await workplace.start(process.execPath, [`${framework}.js`])
      const user = new User(t, workplace.origin)
      await user.logIn('Grace', 'secret words')
      await user.upload(`${framework}.png`)
      await user.edit(`Vögel/${framework}`, `''Zaunkönig'' [[File:${framework}.png]]`)
      const visitor = new User(t, workplace.origin)
      await see(visitor, framework)
      await lookBehind(visitor, workplace)
      await server.close()
    }
  })
})

/** A user of the wiki, with the cookies that it has given. */
class User {
  readonly #cookies = new Map<string, string>()

  constructor(
    private readonly t: Test,
    private readonly origin: string,
  ) {}

  async fetch(target: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const signal = signalOf(this.t)
    const url = new URL(target, this.origin)
    const response = await fetch(url, { redirect: 'manual', signal, headers: { cookie }, ...init })
    for (const field of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
      this.#cookies.set(name, value)
    }
    return response
  }

  async logIn(name: string, password: string): Promise<void> {
    const form = await this.#getForm('Special:UserLogin')
    const fields = { ...form, wpName: name, wpPassword: password }
    const response = await this.#post('Special:UserLogin', new URLSearchParams(fields))
    assert.equal(response.headers.get('location'), `${this.origin}/wiki/Main_Page`)
  }

  async upload(name: string): Promise<void> {
    const form = await this.#getForm('Special:Upload')
    const fields = { ...form, wpDestFile: name, wpIgnoreWarning: '1', wpUpload: 'Upload file' }
    const body = toMultipart(fields)
    body.set('wpUploadFile', new Blob([PICTURE], { type: 'image/png' }), name)
    const response = await this.#post('Special:Upload', body)
    // MediaWiki makes the first letter a capital.
    const title = name.charAt(0).toUpperCase() + name.slice(1)
    assert.equal(response.headers.get('location'), `${this.origin}/wiki/File:${title}`)
  }

  async edit(title: string, text: string): Promise<void> {
    const form = await this.#getForm(`${title}?action=edit`)
    const body = toMultipart({ ...form, wpTextbox1: text, wpSave: 'Save page' })
    const response = await this.#post(`${title}?action=submit`, body)
    assert.equal(response.headers.get('location'), `${this.origin}/wiki/${encodeURI(title)}`)
  }

  /** The hidden fields of a page's form, without those of the search in its margin. */
  async #getForm(title: string): Promise<Record<string, string>> {
    const page = await (await this.fetch(`/wiki/${title}`)).text()
    const fields = [...page.matchAll(/<input[^>]* type="hidden"[^>]*>|<input type="hidden"[^>]*>/g)]
      .map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')] as const)
      .filter(([name]) => name !== '' && name !== 'title')
    assert.notDeepEqual(fields, [], page)
    return Object.fromEntries(fields)
  }

  #post(title: string, body: URLSearchParams | FormData): Promise<Response> {
    return this.fetch(`/wiki/${title}`, { method: 'POST', body })
  }
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
  return value.replaceAll('&#43;', '+').replaceAll('&amp;', '&')
}

function toMultipart(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}

/** The page that was made, and what a browser loads for it. */
async function see(visitor: User, framework: string): Promise<void> {
  assert.match(
    await (await visitor.fetch(`/wiki/Vögel%2F${framework}`)).text(),
    /<i>Zaunkönig<\/i>/,
  )
  const page = await (await visitor.fetch(`/wiki/Vögel/${framework}`)).text()
  assert.match(page, /<i>Zaunkönig<\/i>/)
  const loaded = [...page.matchAll(/<(?:img|script|link rel="stylesheet")[^>]*>/g)]
    .map(([tag]) => attribute(tag, 'src') || attribute(tag, 'href'))
    .filter((target) => target !== '')
  const types = new Set<string>()
  for (const target of loaded) {
    const response = await visitor.fetch(target)
    const size = (await response.arrayBuffer()).byteLength
    assert.ok(response.status === 200 && size > 0, `${target}: ${response.status}, ${size} bytes`)
    types.add(response.headers.get('content-type') ?? '')
  }
  assert.deepEqual([...types].toSorted(), [
    'image/png',
    'text/css; charset=utf-8',
    'text/javascript; charset=utf-8',
  ])
  const picture = loaded.find((target) => target.startsWith('/uploads/')) ?? ''
  assert.deepEqual(Buffer.from(await (await visitor.fetch(picture)).arrayBuffer()), PICTURE)
}

/** What is not for browsers stays hidden, however it is asked for. */
async function lookBehind(visitor: User, { folder, port }: Workplace): Promise<void> {
  await mkdir(path.join(folder, 'data/temp/a'), { recursive: true })
  await writeFile(path.join(folder, 'data/temp/a/draft.png'), 'hidden')
  await writeFile(path.join(folder, 'uploads/evil.php'), '<?php echo "hidden";')
  const get = (target: string): Promise<string> =>
    exchange(port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  for (const target of [
    '/uploads/temp/a/draft.png',
    '/uploads//temp/a/draft.png',
    '/uploads/%74emp/a/draft.png',
    '/uploads/evil.php',
    '/uploads//evil.php',
    '/%75ploads/evil.php',
    '/uploads/evil.php/x',
    '/uploads/../data/wiki.sqlite',
    '/wiki/../LocalSettings.php',
  ]) {
    const answer = await get(target)
    assert.match(answer, /^HTTP\/1\.1 40[034] /, target)
    assert.doesNotMatch(answer, /hidden|<\?php|SQLite/, target)
  }
  // The wiki answers for all that is not in its folder.
  for (const name of ['LocalSettings.php', 'Includes/WebStart.php', 'Data/wiki.sqlite']) {
    const page = await (await visitor.fetch(`/wiki/${name}`)).text()
    assert.match(page, /There is currently no text in this page/, name)
  }
}
