import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { CgiError } from '@common-gateway/core'
import {
  chooseFinder,
  type FinderSettings,
  parseScriptPath,
  type PathSettings,
  type Resource,
  type Script,
} from '@common-gateway/core/steps'
import { withoutPrivileges } from '../privileges.js'
import { createTemporaryFolder, writeProgram } from '../temporary-folder.js'

const TEXT = '#!/bin/sh\n'
const outside = createTemporaryFolder(t)
const root = createTemporaryFolder(t)

writeProgram(outside, 'outside.cgi', TEXT)
writeProgram(outside, 'folder/outside.cgi', TEXT)
// A sibling whose path begins as the root's does.
const sibling = `${root}-sibling`
t.after(() => execFileSync('rm', ['-rf', sibling]))
writeProgram(sibling, 'a.cgi', TEXT)

for (const name of [
  'a.cgi',
  'a b.cgi',
  'é.cgi',
  'a+b.cgi',
  'a;b.cgi',
  'a?b.cgi',
  'a#b.cgi',
  'a%41.cgi',
  '-n.cgi',
  'a:b.cgi',
  'new\nline.cgi',
  'noext',
  '...dots',
  '.hidden.cgi',
  '.folder/a.cgi',
  'sub/a.cgi',
  'sub/deep/a.cgi',
  'sub/.hidden.cgi',
  'indexed/index.cgi',
  'indexed/other.cgi',
  'second/index.py',
  'nothing/readme/a.cgi',
  'unindexed/a.cgi',
  'nph-a.cgi',
  'back\\slash.cgi',
]) {
  writeProgram(root, name, TEXT)
}
writeProgram(root, 'plain.txt', 'text', 0o644)
writeProgram(root, 'plain.py', 'text', 0o644)
writeProgram(root, 'plain.PY', 'text', 0o644)
writeProgram(root, 'py', 'text', 0o644)
writeProgram(root, 'plain.cgi', TEXT, 0o644)
writeProgram(root, 'badindex/index.cgi', TEXT, 0o644)
writeProgram(root, 'n'.repeat(255), TEXT)
mkdirSync(path.join(root, 'empty'))
mkdirSync(path.join(root, 'folderindex/index.cgi'), { recursive: true })
execFileSync('mkfifo', [path.join(root, 'pipe.cgi')])
chmodSync(path.join(root, 'pipe.cgi'), 0o755)

function link(target: string, name: string): void {
  symlinkSync(target, path.join(root, name))
}
link('a.cgi', 'link.cgi')
link('sub', 'linked')
link('sub/deep/a.cgi', 'sub-link.cgi')
link('link.cgi', 'link-of-link.cgi')
link('../a.cgi', 'sub/up.cgi')
link(path.join(outside, 'outside.cgi'), 'out.cgi')
link(path.join(outside, 'folder'), 'out')
link('out.cgi', 'out-by-two.cgi')
link(`../${path.basename(sibling)}/a.cgi`, 'sibling.cgi')
link('/', 'slash')
link('..', 'parent')
link('missing.cgi', 'dangling.cgi')
link('circle.cgi', 'circle.cgi')
link('/dev/null', 'null.cgi')
link('plain.txt', 'link-to-text')
link('.hidden.cgi', 'link-to-hidden.cgi')
mkdirSync(path.join(root, 'outindex'))
link(path.join(outside, 'outside.cgi'), 'outindex/index.cgi')

const linkedRoot = path.join(outside, 'root')
symlinkSync(root, linkedRoot)

type ScriptSettings = FinderSettings & PathSettings

const settings: ScriptSettings = {
  source: { type: 'root', folder: root },
  interpreters: new Map([['.py', ['/usr/bin/python3', '-I']]]),
  fallbackInterpreters: new Map(),
  index: [],
  dotfiles: 'ignore',
  encodedSlashes: 'deny',
  linkRoots: [],
  extensions: undefined,
  otherFiles: 'deny',
  fallback: undefined,
  needsExecutable: true,
}

function resolve(
  urlPath: string,
  given: Partial<ScriptSettings> = {},
  mount = '/cgi-bin',
): Resource | null {
  const all = { ...settings, ...given }
  return chooseFinder(all).find(parseScriptPath(urlPath, mount, all))
}

function script(urlPath: string, given?: Partial<ScriptSettings>, mount?: string): Script {
  const found = resolve(urlPath, given, mount)
  assert.equal(found?.type, 'script', urlPath)
  return found
}

function assertRefused(
  urlPath: string,
  statusCode: number,
  given?: Partial<ScriptSettings>,
  mount?: string,
): void {
  assert.throws(
    () => resolve(urlPath, given, mount),
    (error: unknown) => error instanceof CgiError && error.statusCode === statusCode,
    urlPath,
  )
}

const FOUND: readonly [url: string, file: string, scriptName: string, pathInfo: string][] = [
  ['/a.cgi', 'a.cgi', '/a.cgi', ''],
  ['/a.cgi/', 'a.cgi', '/a.cgi', '/'],
  ['/a.cgi/b/c', 'a.cgi', '/a.cgi', '/b/c'],
  ['/a.cgi//b//', 'a.cgi', '/a.cgi', '//b//'],
  ['/a.cgi/a.cgi', 'a.cgi', '/a.cgi', '/a.cgi'],
  ['/a.cgi/.git/config', 'a.cgi', '/a.cgi', '/.git/config'],
  ['/a.cgi/b%20c/%C3%A9', 'a.cgi', '/a.cgi', '/b c/\xc3\xa9'],
  // RFC 3875 section 4.1.5: how it is encoded is the script's business.
  ['/a.cgi/caf%e9/\xff', 'a.cgi', '/a.cgi', '/caf\xe9/\xff'],
  ['/a.cgi/%c0%ae%c0%ae/%c0%af', 'a.cgi', '/a.cgi', '/\xc0\xae\xc0\xae/\xc0\xaf'],
  ['//a.cgi', 'a.cgi', '/a.cgi', ''],
  ['///sub//a.cgi', 'sub/a.cgi', '/sub/a.cgi', ''],
  ['/sub///deep//a.cgi//x//', 'sub/deep/a.cgi', '/sub/deep/a.cgi', '//x//'],
  ['/a.cgi/a%5Cb', 'a.cgi', '/a.cgi', '/a\\b'],
  ['/a.cgi/...', 'a.cgi', '/a.cgi', '/...'],
  ['/a.cgi/%2541', 'a.cgi', '/a.cgi', '/%41'],
  ['/sub/a.cgi', 'sub/a.cgi', '/sub/a.cgi', ''],
  ['/sub/deep/a.cgi/x', 'sub/deep/a.cgi', '/sub/deep/a.cgi', '/x'],
  ['/%61.cgi', 'a.cgi', '/a.cgi', ''],
  ['/a%20b.cgi', 'a b.cgi', '/a b.cgi', ''],
  ['/%C3%A9.cgi', 'é.cgi', '/é.cgi', ''],
  ['/\xc3\xa9.cgi', 'é.cgi', '/é.cgi', ''],
  ['/a+b.cgi', 'a+b.cgi', '/a+b.cgi', ''],
  ['/a;b.cgi', 'a;b.cgi', '/a;b.cgi', ''],
  ['/a%3Fb.cgi', 'a?b.cgi', '/a?b.cgi', ''],
  ['/a%23b.cgi', 'a#b.cgi', '/a#b.cgi', ''],
  ['/a%2541.cgi', 'a%41.cgi', '/a%41.cgi', ''],
  ['/-n.cgi', '-n.cgi', '/-n.cgi', ''],
  ['/a:b.cgi', 'a:b.cgi', '/a:b.cgi', ''],
  ['/new%0Aline.cgi', 'new\nline.cgi', '/new\nline.cgi', ''],
  ['/noext', 'noext', '/noext', ''],
  ['/nph-a.cgi', 'nph-a.cgi', '/nph-a.cgi', ''],
  [`/${'n'.repeat(255)}`, 'n'.repeat(255), `/${'n'.repeat(255)}`, ''],
]

for (const [url, file, scriptName, pathInfo] of FOUND) {
  void t.test(
    `MAP-1 ${url.slice(0, 60)} is ${JSON.stringify(file.slice(0, 40))} and PATH_INFO ${JSON.stringify(pathInfo)}`,
    async () => {
      const absolute = path.join(root, file)
      assert.deepEqual(script(`/cgi-bin${url}`), {
        type: 'script',
        file: absolute,
        scriptName: `/cgi-bin${scriptName}`,
        pathInfo,
        command: [absolute],
      })
    },
  )
}

const MISSING: readonly [url: string, why: string][] = [
  ['/missing.cgi', 'no such file'],
  ['/missing/a.cgi', 'no such folder'],
  ['/sub/missing.cgi', 'no such file in a sub-folder'],
  ['', 'the root itself, which has no index'],
  ['/', 'the root itself'],
  ['/sub', 'a folder'],
  ['/sub/', 'a folder'],
  ['/empty/', 'an empty folder'],
  ['/A.CGI', 'MAP-4: another letter case'],
  ['/a.cgi.', 'MAP-4: a dot at the end'],
  ['/a.cgi%20', 'MAP-4: a space at the end'],
  ['/a.cgi+', 'a plus at the end, which is no space either'],
  ['/a.cgi::$DATA', 'MAP-4: an alternate data stream'],
  ['/a.cgi;x', 'a parameter is part of the name'],
  ['/a%2541.cg', 'no prefix of a name'],
  ['/a%252Ecgi', 'decoded twice it would be there'],
  ['/e%CC%81.cgi', 'the same letter, composed otherwise'],
  ['/.missing', 'no dot file either'],
  ['/.folder/missing', 'nothing in a dot folder'],
  ['/out/missing', 'nothing in a folder outside'],
  ['//', 'the root itself, with another slash'],
  ['/sub//', 'a folder'],
  ['/parent/a.cgi', 'nothing in the parent'],
  ['/dangling.cgi', 'a link to nothing'],
  ['/circle.cgi', 'a link to itself'],
  [`/${'n'.repeat(256)}`, 'a name too long for the file system'],
  [`/${'n/'.repeat(3_000)}a.cgi`, 'a path too long for it'],
]

for (const [url, why] of MISSING) {
  void t.test(`MAP-2 finds no script, without an error: ${why} (${url.slice(0, 40)})`, async () => {
    assert.equal(resolve(`/cgi-bin${url}`), null)
  })
}

const WITHHELD: readonly [url: string, why: string][] = [
  ['/.hidden.cgi', 'a dot file'],
  ['/%2ehidden.cgi', 'a dot file, encoded'],
  ['/.folder/a.cgi', 'in a dot folder'],
  ['/sub/.hidden.cgi', 'a dot file in a sub-folder'],
  ['/...dots', 'begins with a dot, too'],
  ['/out.cgi', 'a link that leaves the root'],
  ['/out/outside.cgi', 'through a folder that leaves the root'],
  ['/out-by-two.cgi', 'a link to such a link'],
  ['/sibling.cgi', 'to a folder whose path begins as the root does'],
  ['/slash/bin/sh', 'through a link to the root of the file system'],
  ['/null.cgi', 'a device is outside'],
  [`/parent/${path.basename(sibling)}/a.cgi`, 'through a link to the parent'],
  ['/out', 'a folder outside'],
  ['/out/', 'a folder outside'],
  ['/.folder', 'a dot folder'],
  ['/.folder/', 'a dot folder'],
  ['/out.cgi/x', 'a link that leaves the root, with PATH_INFO'],
  ['//out.cgi', 'a link that leaves the root, after two slashes'],
  ['/%ff.cgi', 'a name that is not UTF-8'],
  ['/caf%e9.cgi', 'a name in Latin-1'],
  ['/a.cgi\xa0', 'a name with a blank of Latin-1, which url.parse() leaves out'],
  ['/%c0%ae%c0%ae/a.cgi', 'overlong dots'],
  ['/sub%c0%afa.cgi', 'an overlong slash'],
  ['/sub%e0%80%afa.cgi', 'an overlong slash of three bytes'],
]

for (const [url, why] of WITHHELD) {
  void t.test(`MAP-4 withholds ${why}: ${url}`, async () => {
    assertRefused(`/cgi-bin${url}`, 404)
  })
}

const BAD: readonly [url: string, why: string][] = [
  ['/a.cgi%00', 'NUL'],
  ['/a.cgi%00.txt', 'NUL before an extension'],
  ['/a.cgi/%00', 'NUL in PATH_INFO'],
  ['/%zz', 'no digits'],
  ['/a.cgi/%', 'a percent sign alone in PATH_INFO'],
  ['/a.cgi/%4', 'an escape cut short'],
  ['/a.cgi/%u0041', 'an escape of another kind'],
  ['/sub%2Fa.cgi', 'an encoded slash'],
  ['/sub%2fa.cgi', 'an encoded slash, in lower case'],
  ['/a.cgi/b%2Fc', 'an encoded slash in PATH_INFO'],
  ['/missing/b%2Fc', 'an encoded slash where there is no script'],
  ['/sub%5Ca.cgi', 'an encoded backslash'],
  ['/sub\\a.cgi', 'a backslash'],
  ['/back%5cslash.cgi', 'a backslash, even of a file that is there'],
  ['/..%5Ca.cgi', 'dots and a backslash'],
  ['/.', 'a dot segment'],
  ['/./a.cgi', 'a dot segment'],
  ['/..', 'two dots'],
  ['/../a.cgi', 'two dots'],
  ['/sub/../a.cgi', 'two dots within the root'],
  ['/sub/..', 'two dots at the end'],
  ['/%2e%2e/a.cgi', 'two dots, encoded'],
  ['/.%2e/a.cgi', 'two dots, one encoded'],
  ['/%2E./a.cgi', 'two dots, the other encoded'],
  ['/%2e/a.cgi', 'a dot, encoded'],
  ['/..%2Fa.cgi', 'two dots and an encoded slash'],
  ['/%2e%2e%2fa.cgi', 'all of it encoded'],
  ['/a.cgi/../b', 'two dots in PATH_INFO'],
  ['/a.cgi/%2e%2e/b', 'two dots in PATH_INFO, encoded'],
  ['/a.cgi/.', 'a dot in PATH_INFO'],
  ['/missing/../a.cgi', 'two dots after a folder that is not there'],
  [`/a.cgi/\u0100`, 'no byte at all'],
]

for (const [url, why] of BAD) {
  void t.test(`MAP-3 refuses ${why}: ${url}`, async () => {
    assertRefused(`/cgi-bin${url}`, 400)
    assertRefused(`/cgi-bin${url}`, 400, { dotfiles: 'allow' })
  })
}

const BAD_FOR_A_PROGRAM = BAD.filter(([, why]) => !/backslash/.test(why))

void t.test('MAP-3 refuses the same where one script answers for all', async () => {
  const source = { type: 'script', file: path.join(root, 'a.cgi') } as const
  for (const [url] of BAD_FOR_A_PROGRAM) assertRefused(`/cgi-bin${url}`, 400, { source })
})

void t.test('MAP-3 refuses a mount that is no path, as it was sent', async () => {
  for (const mount of ['/%00', '/a%2Fb', '/%2e%2e', '/%ff', '/a\xe9']) {
    assertRefused(`${mount}/a.cgi`, 400, {}, mount)
  }
})

void t.test(
  'MAP-3 encodedSlashes opens PATH_INFO to them, but not the name of a script',
  async () => {
    const allow = { encodedSlashes: 'allow' } as const
    assert.equal(script('/cgi-bin/a.cgi/b%2Fc%2f', allow).pathInfo, '/b/c/')
    assert.equal(script('/cgi-bin/sub/a.cgi/%2F', allow).pathInfo, '//')
    assertRefused('/cgi-bin/sub%2Fa.cgi', 400, allow)
    assertRefused('/cgi-bin/%2Fa.cgi', 400, allow)
    for (const url of ['b%2F..%2Fc', '..%2F', '%2F..', '%2e%2e%2fb', 'b%2F.']) {
      assertRefused(`/cgi-bin/a.cgi/${url}`, 400, allow)
    }
  },
)

void t.test('MAP-1 the mount is part of SCRIPT_NAME, decoded, wherever it is', async () => {
  const file = path.join(root, 'a.cgi')
  const mounts: readonly [mount: string, name: string][] = [
    ['', ''],
    ['/%63gi-bin', '/cgi-bin'],
    ['/one/two', '/one/two'],
    ['/a%20b/%C3%A9', '/a b/é'],
    ['/cgi%252Dbin', '/cgi%2Dbin'],
  ]
  for (const [mount, name] of mounts) {
    const found = script(`${mount}/a.cgi/x`, {}, mount)
    assert.equal(found.file, file)
    assert.equal(found.scriptName, `${name}/a.cgi`)
    assert.equal(found.pathInfo, '/x')
  }
})

void t.test(
  'MAP-1 one script answers for all below the mount, all of the rest is PATH_INFO',
  async () => {
    const file = path.join(root, 'a.cgi')
    const source = { type: 'script', file } as const
    const cases: readonly [url: string, mount: string, name: string, pathInfo: string][] = [
      ['/git', '/git', '/git', ''],
      ['/git/', '/git', '/git', '/'],
      ['/git/a.git/info/refs', '/git', '/git', '/a.git/info/refs'],
      ['/git/sub/a.cgi', '/git', '/git', '/sub/a.cgi'],
      ['/git/.git//x/', '/git', '/git', '/.git//x/'],
      ['/g%69t/a%20b', '/g%69t', '/git', '/a b'],
      ['/git/a%5Cb', '/git', '/git', '/a\\b'],
      ['/anything', '', '', '/anything'],
      ['/', '', '', '/'],
    ]
    for (const [url, mount, scriptName, pathInfo] of cases) {
      const found = script(url, { source }, mount)
      assert.deepEqual(found, { type: 'script', file, scriptName, pathInfo, command: [file] }, url)
    }
  },
)

void t.test('MAP-4 dotfiles opens what begins with a dot', async () => {
  const allow = { dotfiles: 'allow' } as const
  for (const name of ['.hidden.cgi', '.folder/a.cgi', 'sub/.hidden.cgi', '...dots']) {
    assert.equal(script(`/cgi-bin/${name}`, allow).file, path.join(root, name))
  }
})

void t.test(
  'MAP-4 a link that stays in the root is followed, and named as it was asked for',
  async () => {
    for (const name of [
      'link.cgi',
      'linked/a.cgi',
      'linked/deep/a.cgi',
      'sub-link.cgi',
      'link-of-link.cgi',
      'sub/up.cgi',
      'linked/up.cgi',
    ]) {
      const found = script(`/cgi-bin/${name}/x`)
      assert.equal(found.file, path.join(root, name))
      assert.equal(found.scriptName, `/cgi-bin/${name}`)
      assert.equal(found.pathInfo, '/x')
    }
  },
)

void t.test('MAP-4 the root may be a link itself', async () => {
  const source = { type: 'root', folder: linkedRoot } as const
  const found = script('/cgi-bin/sub/a.cgi', { source })
  assert.equal(realpathSync(found.file), path.join(root, 'sub/a.cgi'))
  assert.equal(script('/cgi-bin/link.cgi', { source }).scriptName, '/cgi-bin/link.cgi')
  assertRefused('/cgi-bin/out.cgi', 404, { source })
})

void t.test('MAP-4 the root may be the root of the file system', async () => {
  const source = { type: 'root', folder: '/' } as const
  const found = script(`/cgi-bin${root}/link.cgi/x`, { source })
  assert.equal(found.file, path.join(root, 'link.cgi'))
  assert.equal(found.pathInfo, '/x')
})

void t.test('MAP-4 a link may lead into a folder of linkRoots', async () => {
  const given = { linkRoots: [path.join(outside, 'folder')] }
  const found = script('/cgi-bin/out/outside.cgi/x', given)
  assert.equal(found.file, path.join(root, 'out/outside.cgi'))
  assert.equal(found.scriptName, '/cgi-bin/out/outside.cgi')
  assert.equal(found.pathInfo, '/x')
  assertRefused('/cgi-bin/out.cgi', 404, given)
  assert.equal(script('/cgi-bin/out.cgi', { linkRoots: [outside] }).scriptName, '/cgi-bin/out.cgi')
  assert.equal(script('/cgi-bin/out-by-two.cgi', { linkRoots: [outside] }).pathInfo, '')
  assertRefused('/cgi-bin/sibling.cgi', 404, { linkRoots: [outside] })
})

/** What happens to a script between its look-up and its start, and whether it may still be run. */
const CHANGES: readonly [name: string, change: (site: string) => void, isRun: boolean][] = [
  ['nothing', () => {}, true],
  ['the script is replaced', (site) => void writeProgram(site, 'a/b.cgi', TEXT), true],
  [
    'the script becomes a link within the root',
    (site) => {
      renameSync(path.join(site, 'a/b.cgi'), path.join(site, 'c.cgi'))
      symlinkSync('../c.cgi', path.join(site, 'a/b.cgi'))
    },
    true,
  ],
  [
    'the script becomes a link into a folder of linkRoots',
    (site) => replaceByLink(site, 'a/b.cgi', path.join(outside, 'folder/outside.cgi')),
    true,
  ],
  [
    'the script becomes a link out of the root',
    (site) => replaceByLink(site, 'a/b.cgi', path.join(sibling, 'a.cgi')),
    false,
  ],
  [
    'the folder becomes a link out of the root',
    (site) => {
      writeProgram(outside, 'moved/b.cgi', TEXT)
      replaceByLink(site, 'a', path.join(outside, 'moved'))
    },
    false,
  ],
  ['the script is removed', (site) => rmSync(path.join(site, 'a/b.cgi')), false],
  ['the folder is removed', (site) => rmSync(path.join(site, 'a'), { recursive: true }), false],
  ['the root is removed', (site) => rmSync(site, { recursive: true }), false],
]

function replaceByLink(site: string, name: string, target: string): void {
  rmSync(path.join(site, name), { recursive: true })
  symlinkSync(target, path.join(site, name))
}

for (const [name, change, isRun] of CHANGES) {
  void t.test(`MAP-4 a script is checked again before its start: ${name}`, async (t) => {
    for (const isRootLinked of [false, true]) {
      const site = createTemporaryFolder(t)
      writeProgram(site, 'a/b.cgi', TEXT)
      const linked = `${site}-link`
      symlinkSync(site, linked)
      t.after(() => rmSync(linked))
      const folder = isRootLinked ? linked : site
      const linkRoots = [path.join(outside, 'folder')]
      const given = { ...settings, source: { type: 'root', folder } as const, linkRoots }
      const finder = chooseFinder(given)
      const found = finder.find(parseScriptPath('/cgi-bin/a/b.cgi', '/cgi-bin', given))
      assert.equal(found?.type, 'script')
      change(site)
      if (isRun) finder.recheck(found)
      else {
        const code = 'CGI_ERR_NOT_EXECUTABLE'
        assert.throws(() => finder.recheck(found), { code })
      }
    }
  })
}

void t.test(
  'MAP-4 the refusal of a link names the link and what it leads to, for the log',
  async () => {
    const cases = [
      ['out.cgi', 'out.cgi', path.join(outside, 'outside.cgi')],
      ['out/outside.cgi', 'out', path.join(outside, 'folder')],
      ['slash/bin/sh', 'slash', '/'],
    ] as const
    for (const [url, name, linkTarget] of cases) {
      assert.throws(
        () => resolve(`/cgi-bin/${url}`),
        (error: unknown) =>
          error instanceof CgiError &&
          error.script === path.join(root, name) &&
          error.linkTarget === linkTarget &&
          !error.message.includes(root),
        url,
      )
    }
  },
)

void t.test('MAP-5 a folder without its slash redirects to it, where it has an index', async () => {
  const index = ['index.cgi']
  const cases: readonly [url: string, mount: string, location: string][] = [
    ['/cgi-bin/indexed', '/cgi-bin', '/cgi-bin/indexed/'],
    ['/%63gi-bin/%69ndexed', '/%63gi-bin', '/%63gi-bin/%69ndexed/'],
    ['/indexed', '', '/indexed/'],
  ]
  for (const [url, mount, location] of cases) {
    assert.deepEqual(resolve(url, { index }, mount), { type: 'folder', location })
  }
  const source = { type: 'root', folder: path.join(root, 'indexed') } as const
  const mount = resolve('/cgi-bin', { source, index })
  assert.deepEqual(mount, { type: 'folder', location: '/cgi-bin/' })
})

void t.test('MAP-5 a redirect never leads to another host', async () => {
  const index = ['index.cgi']
  for (const url of ['//indexed', '///indexed']) {
    assert.deepEqual(resolve(url, { index }, ''), { type: 'folder', location: '/indexed/' }, url)
  }
})

void t.test('MAP-5 the index of a folder answers for it, and has its name', async () => {
  const index = ['missing.cgi', 'index.py', 'index.cgi']
  const found = script('/cgi-bin/indexed/', { index })
  assert.equal(found.file, path.join(root, 'indexed/index.cgi'))
  assert.equal(found.scriptName, '/cgi-bin/indexed/index.cgi')
  assert.equal(found.pathInfo, '')
  const second = script('/cgi-bin/second/', { index })
  assert.equal(second.scriptName, '/cgi-bin/second/index.py')
  assert.deepEqual(second.command, ['/usr/bin/python3', '-I', path.join(root, 'second/index.py')])
  const source = { type: 'root', folder: path.join(root, 'indexed') } as const
  assert.equal(script('/cgi-bin/', { source, index }).scriptName, '/cgi-bin/index.cgi')
  assert.equal(script('/', { source, index }, '').scriptName, '/index.cgi')
  const first = script('/cgi-bin/indexed/', { index: ['other.cgi', 'index.cgi'] })
  assert.equal(first.scriptName, '/cgi-bin/indexed/other.cgi')
})

void t.test('MAP-5 a folder without an index is none, with a slash or without', async () => {
  const index = ['index.cgi']
  for (const url of ['/unindexed', '/unindexed/', '/empty', '/empty/', '/folderindex/']) {
    assert.equal(resolve(`/cgi-bin${url}`, { index }), null, url)
  }
  assert.equal(resolve('/cgi-bin/indexed'), null)
  assert.equal(resolve('/cgi-bin/indexed/'), null)
  assert.equal(script('/cgi-bin//indexed//', { index }).scriptName, '/cgi-bin/indexed/index.cgi')
  assert.equal(resolve('/cgi-bin/indexed/missing', { index }), null)
})

void t.test('MAP-4 MAP-5 an index that is a link out of the root is withheld', async () => {
  const index = ['index.cgi']
  assertRefused('/cgi-bin/outindex/', 404, { index })
  assertRefused('/cgi-bin/outindex', 404, { index })
})

void t.test(
  'MAP-6 what is not executable and has no interpreter is refused, not sent',
  async () => {
    for (const name of ['plain.txt', 'plain.cgi', 'plain.PY', 'py', 'link-to-text']) {
      assertRefused(`/cgi-bin/${name}`, 403)
      assertRefused(`/cgi-bin/${name}/x`, 403)
    }
    assertRefused('/cgi-bin/badindex/', 403, { index: ['index.cgi'] })
  },
)

void t.test('MAP-6 the refusal names the script and the reason for the log', async () => {
  assert.throws(
    () => resolve('/cgi-bin/plain.cgi'),
    (error: unknown) =>
      error instanceof CgiError &&
      error.code === 'CGI_ERR_NOT_EXECUTABLE' &&
      error.script === path.join(root, 'plain.cgi') &&
      error.reason !== undefined &&
      !error.message.includes(root),
  )
})

void t.test('MAP-6 an interpreter runs what is not executable, by its absolute path', async () => {
  const file = path.join(root, 'plain.py')
  const found = script('/cgi-bin/plain.py/x')
  assert.deepEqual(found.command, ['/usr/bin/python3', '-I', file])
  assert.equal(found.file, file)
  assert.equal(found.pathInfo, '/x')
})

void t.test(
  'MAP-6 a fallback interpreter runs what is not executable, and nothing else',
  async () => {
    const fallbackInterpreters = new Map([
      ['.cgi', ['/bin/sh']],
      ['.py', ['/bin/false']],
    ] as const)
    const given = { fallbackInterpreters }
    const plain = path.join(root, 'plain.cgi')
    assert.deepEqual(script('/cgi-bin/plain.cgi', given).command, ['/bin/sh', plain])
    assert.deepEqual(script('/cgi-bin/a.cgi', given).command, [path.join(root, 'a.cgi')])
    assert.equal(script('/cgi-bin/plain.py', given).command[0], '/usr/bin/python3')
    assertRefused('/cgi-bin/plain.txt', 403, given)
  },
)

void t.test('MAP-2 a root that is not there yet has no scripts', async () => {
  const source = { type: 'root', folder: path.join(root, 'later') } as const
  for (const name of ['/cgi-bin', '/cgi-bin/', '/cgi-bin/a.cgi']) {
    assert.equal(resolve(name, { source, index: ['a.cgi'] }), null, name)
  }
})

void t.test('MAP-6 no name of a script can be read as an option of its interpreter', async () => {
  const interpreters: ScriptSettings['interpreters'] = new Map([['.cgi', ['/bin/sh']]])
  const found = script('/cgi-bin/-n.cgi', { interpreters })
  assert.deepEqual(found.command, ['/bin/sh', path.join(root, '-n.cgi')])
})

void t.test('MAP-6 one script for all has its interpreter, too', async () => {
  const file = path.join(root, 'plain.py')
  const found = script('/git/x', { source: { type: 'script', file } }, '/git')
  assert.deepEqual(found.command, ['/usr/bin/python3', '-I', file])
})

void t.test(
  'MAP-6 what is not a regular file is refused, and not opened: a FIFO, a socket',
  async (t) => {
    const server = createServer()
    t.after(() => server.close())
    await new Promise<void>((listening) => {
      server.listen(path.join(root, 'socket.cgi'), listening)
    })
    for (const name of ['pipe.cgi', 'pipe.cgi/x', 'socket.cgi']) {
      assertRefused(`/cgi-bin/${name}`, 403)
    }
  },
)

void t.test(
  'MAP-6 a folder that may not be searched is refused, and what is in it not told',
  async (t) => {
    const closed = path.join(root, 'closed')
    writeProgram(root, 'closed/a.cgi', TEXT)
    chmodSync(closed, 0o000)
    t.after(() => chmodSync(closed, 0o755))
    await withoutPrivileges(async () => {
      for (const name of ['a.cgi', 'missing.cgi']) assertRefused(`/cgi-bin/closed/${name}`, 403)
    })
  },
)

void t.test('MAP-1 a folder that may be searched but not listed is walked', async (t) => {
  writeProgram(root, 'unlisted/a.cgi', TEXT)
  chmodSync(path.join(root, 'unlisted'), 0o711)
  t.after(() => chmodSync(path.join(root, 'unlisted'), 0o755))
  const file = path.join(root, 'unlisted/a.cgi')
  await withoutPrivileges(async () => {
    assert.equal(script('/cgi-bin/unlisted/a.cgi').file, file)
  })
})
