import { CgiError, createCgiHandler } from '@common-gateway/core'
import {
  chooseFinder,
  type FinderSettings,
  parseScriptPath,
  type PathSettings,
  type Resource,
} from '@common-gateway/core/steps'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createRequest } from '../core/requests.js'
import { toByteString } from '@internal/core/data/byte-string.js'
import { createWorldProperty, type Property } from './property.js'
import { createScriptTree, NAMES, PATHS, type ScriptTree } from './script-tree.js'
import { mutated } from './text.js'

type ScriptSettings = FinderSettings & PathSettings

/** A path of a request, as it was sent, and how the gateway is set up. */
interface Input {
  readonly mount: string
  readonly below: string
  readonly settings: Pick<ScriptSettings, 'dotfiles' | 'encodedSlashes' | 'index'>
}

type Writing = (segment: string) => string

/** The ways in which a segment may be written. */
const HONEST: readonly Writing[] = [
  encodeURIComponent,
  (segment) => escapeBytes(segment, () => true),
  (segment) => escapeBytes(segment, (index) => index === 0),
  (segment) => escapeBytes(segment, (index) => index > 0),
  (segment) => Buffer.from(segment.replace(/[%?#\\\n ]/g, encodeURIComponent)).toString('latin1'),
]

/** Spellings that have misled a server before. */
const DISHONEST: readonly Writing[] = [
  (segment) => encodeURIComponent(segment).toLowerCase(),
  (segment) => encodeURIComponent(segment).toUpperCase(),
  (segment) => encodeURIComponent(encodeURIComponent(segment)),
  (segment) => escapeBytes(segment, () => true).replaceAll('%', '%25'),
  (segment) => `${encodeURIComponent(segment)}.`,
  (segment) => `${encodeURIComponent(segment)}%20`,
  (segment) => `${encodeURIComponent(segment)}%00`,
  (segment) => `${encodeURIComponent(segment)}%00.txt`,
  (segment) => `${encodeURIComponent(segment)}::$DATA`,
  (segment) => `.%2f${encodeURIComponent(segment)}`,
  (segment) => `%2e%2e%5c${encodeURIComponent(segment)}`,
]

function escapeBytes(segment: string, chosen: (index: number) => boolean): string {
  return [...Buffer.from(segment)]
    .map((code, index) =>
      chosen(index) ? `%${code.toString(16).padStart(2, '0')}` : String.fromCharCode(code),
    )
    .join('')
}

/** Segments that have led out of folders, and into what was not to be read. */
const STRANGE = [
  '.',
  '..',
  '...',
  '.../',
  '%2e',
  '%2E%2e',
  '.%2e',
  '%252e%252e',
  '%2e%2e%2f',
  '..%5c',
  '..\\',
  '%c0%ae%c0%ae',
  '%e0%80%ae',
  '..%c0%af',
  '%uff0e',
  '%ed%a0%80',
  '%ff.cgi',
  '%00',
  '%',
  '%2',
  '%g0',
  '',
  ' ',
  '%20',
  '~',
  ';a=b',
  'n'.repeat(256),
]

const writing = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...HONEST) },
  { weight: 1, arbitrary: fc.constantFrom(...DISHONEST) },
)
const writtenName = fc.tuple(fc.constantFrom(...NAMES), writing).map(([name, write]) => write(name))
const writtenPath = fc
  .tuple(fc.constantFrom(...PATHS), writing)
  .map(([whole, write]) => whole.split('/').map(write).join('/'))
const segment = fc.oneof(
  { weight: 4, arbitrary: writtenName },
  { weight: 4, arbitrary: writtenPath },
  { weight: 1, arbitrary: fc.constantFrom(...STRANGE) },
)
const slash = fc.oneof(
  { weight: 12, arbitrary: fc.constant('/') },
  { weight: 1, arbitrary: fc.constantFrom('//', '%2f', '%2F', '\\', '%5C', '/./', '/../') },
)
const below = mutated(
  fc
    .tuple(
      fc.array(fc.tuple(slash, segment), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '', '', '/', '//'),
    )
    .map(([parts, end]) => parts.map((pair) => pair.join('')).join('') + end),
).map((text) => (text.startsWith('/') ? text : `/${text}`))

const settings = fc.record({
  dotfiles: fc.constantFrom('ignore', 'allow'),
  encodedSlashes: fc.constantFrom('deny', 'allow'),
  index: fc.constantFrom([], ['index.cgi'], ['missing', '.hidden.cgi', 'out.cgi', 'index.cgi']),
})

const input: fc.Arbitrary<Input> = fc.record({
  mount: fc.constantFrom('/cgi-bin', '/%63gi-bin', '', '/a/b'),
  below,
  settings,
})

/** The bytes that a path decodes to, by the language's own decoder; null where an escape is none. */
function decode(urlPath: string): string | null {
  if (/%(?![0-9a-f]{2})|[^\0-\xff]/i.test(urlPath)) return null
  return unescape(urlPath)
}

async function assertResolves({ mount, below: rest, settings: given }: Input, tree: ScriptTree) {
  const urlPath = mount + rest
  const scriptSettings: ScriptSettings = {
    ...given,
    source: { type: 'root', folder: tree.root },
    interpreters: new Map([['.py', ['/bin/sh']]]),
    fallbackInterpreters: new Map(),
    linkRoots: [],
    extensions: undefined,
    otherFiles: 'deny',
    fallback: undefined,
    needsExecutable: true,
  }
  let found: Resource | null
  try {
    found = chooseFinder(scriptSettings).find(parseScriptPath(urlPath, mount, scriptSettings))
  } catch (error) {
    if (error instanceof CgiError && [400, 403, 404].includes(error.statusCode)) return
    throw error
  }
  const decoded = decode(urlPath)
  if (decoded === null || /\0|\/\.{1,2}(?:\/|$)/.test(decoded)) {
    assert.fail('a path that is never valid was resolved')
  }
  if (found === null) return
  assert.notEqual(found.type, 'file')
  if (found.type === 'folder') {
    assert.equal(found.location, `${urlPath.replace(/^\/+/, '/')}/`)
    // Not the name of another host (RFC 3986 section 4.2).
    assert.match(found.location, /^\/[^/\\]/)
    return
  }
  if (found.type !== 'script') return
  const { file, scriptName, pathInfo } = found
  assert.ok(realpathSync(file).startsWith(`${tree.root}/`), 'a file outside the root')
  assert.ok(statSync(file).isFile())
  if (!file.endsWith('.py')) accessSync(file, constants.X_OK)
  // Two links that need not be followed to see it are not taken apart: no `..` is left in it.
  assert.equal(file, path.resolve(file))
  const names = scriptName.slice((decode(mount) ?? '').length)
  assert.equal(file, tree.root + names)
  const isIndex = given.index.includes(path.basename(file)) && decoded.endsWith('/')
  const whole = isIndex && pathInfo === '' ? decoded + path.basename(file) : decoded
  const before = whole.slice(0, whole.length - pathInfo.length)
  assert.equal(toByteString(scriptName), before.replace(/\/{2,}/g, '/'))
  assert.ok(whole.endsWith(pathInfo))
  assert.ok(pathInfo === '' || pathInfo.startsWith('/'))
  if (given.dotfiles === 'ignore' && !isIndex) assert.doesNotMatch(names, /\/\./)
}

/** A tree, a gateway on it, and how many of its scripts should have run. */
interface Gateway {
  readonly tree: ScriptTree
  readonly handlers: Map<string, ReturnType<typeof createCgiHandler>>
  ran: number
}

function handlerOf(
  gateway: Gateway,
  given: Input['settings'],
): ReturnType<typeof createCgiHandler> {
  const key = JSON.stringify(given)
  const handler =
    gateway.handlers.get(key) ??
    createCgiHandler({
      ...given,
      root: gateway.tree.root,
      env: { MARKS: gateway.tree.marks },
      nph: false,
      interpreters: { '.py': 'sh' },
    })
  gateway.handlers.set(key, handler)
  return handler
}

async function assertRunsOnlyWhatAnswers(given: Input, gateway: Gateway): Promise<void> {
  const handler = handlerOf(gateway, given.settings)
  try {
    const url = given.mount + given.below.replaceAll('?', '%3f').replaceAll('#', '%23')
    const answer = await handler.handle(createRequest({ url, mount: given.mount }))
    if (answer?.type === 'response' && answer.status !== 308) {
      gateway.ran += 1
      const { body } = answer
      const content = body === null || Buffer.isBuffer(body) ? body : await buffer(body)
      assert.equal(String(content), 'ran')
    }
  } catch (error) {
    if (!(error instanceof CgiError) || ![400, 403, 404].includes(error.statusCode)) throw error
  }
  assertMarks(gateway)
}

function assertMarks({ tree, ran }: Gateway): void {
  // A name may hold a newline.
  const marks = readFileSync(tree.marks, 'utf8')
    .replaceAll('new\nline', '')
    .split('\n')
    .slice(0, -1)
  assert.equal(marks.length, ran, 'a script ran that did not answer')
  for (const mark of marks) assert.ok(mark.startsWith(`${tree.root}/`), mark)
}

export const scriptProperties: readonly Property[] = [
  createWorldProperty({
    name: 'MAP-4 a path leads to no file but the one it names, in the root',
    cost: 5,
    input,
    open: () => Promise.resolve(createScriptTree()),
    holds: assertResolves,
    close: (tree) => Promise.resolve(tree.remove()),
  }),
  createWorldProperty<Input, Gateway>({
    name: 'MAP-3 nothing is spawned but what answers',
    cost: 50,
    input,
    open: () => Promise.resolve({ tree: createScriptTree(), handlers: new Map(), ran: 0 }),
    holds: assertRunsOnlyWhatAnswers,
    async settle(gateway) {
      await Promise.all([...gateway.handlers.values()].map((handler) => handler.close()))
      assertMarks(gateway)
    },
    close: ({ tree }) => Promise.resolve(tree.remove()),
  }),
]
