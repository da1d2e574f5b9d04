import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { needsRoot } from '../apps/programs.js'
import { createSite } from '../cli/site.js'
import { parseArguments } from '@internal/cli/settings/arguments.js'
import { Page } from './page.js'

const DOCUMENTS = fileURLToPath(new URL('../../../docs/', import.meta.url))
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
/** Within the package `test`, so that imports find its packages. */
const FOLDER = fileURLToPath(new URL('../samples/', import.meta.url))

/** What a sample without imports takes for granted, by the name that it uses. */
const GIVEN = {
  express: `import express from 'express'`,
  fastcgi: `import { fastcgi } from '@common-gateway/fastcgi'`,
  warm: `import { warm } from '@common-gateway/warm'`,
  connect: `import connect from 'connect'`,
  app: `import createApp from 'express'\nconst app = createApp()`,
  fastify: `import createFastify from 'fastify'\nconst fastify = createFastify()`,
}
const CGI = {
  express: `import cgi from '@common-gateway/express'`,
  fastify: `import cgi from '@common-gateway/fastify'`,
  both: `import of from 'node:module'\n/** @type {any} */\nconst cgi = of`,
}

/** The program that imports samples. */
const RUN = fileURLToPath(new URL('./run-samples.js', import.meta.url))

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2023',
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
}

/** The user that an application has put on its request. */
const TYPES = `import 'node:http'
declare module 'node:http' { interface IncomingMessage { user?: { name: string } } }
`

/** Pages whose files and commands are run, each by a test of its own. */
const FOLLOWED = /^(?:recipes\/.*|from-.*|frameworks|guide|operations)\.md$/

const pages = ['../README.md', ...readdirSync(DOCUMENTS, { recursive: true, encoding: 'utf8' })]
  .filter((name) => name.endsWith('.md'))
  .map((name) => new Page(name))

function uses(text: string, name: string): boolean {
  const isDeclared = new RegExp(`(?:import|const|let|function) (?:\\{[^}]*)?\\b${name}\\b`).test(
    text,
  )
  return !isDeclared && new RegExp(`(?<![.\\w'/@-])${name}\\b(?![-/'])`).test(text)
}

/** A sample with the imports that it leaves out. */
function complete(text: string): string {
  const given = Object.entries(GIVEN).flatMap(([name, line]) => (uses(text, name) ? [line] : []))
  if (uses(text, 'cgi')) {
    const isFastify = /fastify/.test(text)
    const isExpress = /app\.use/.test(text)
    given.push(isFastify && isExpress ? CGI.both : isFastify ? CGI.fastify : CGI.express)
  }
  return `${given.join('\n')}\n${text}\nexport {}\n`
}

/** The samples of a language that no other test follows, each with the name of a file. */
function samplesOf(
  language: 'js' | 'ts',
): readonly { readonly name: string; readonly text: string }[] {
  return pages
    .filter(({ name }) => !FOLLOWED.test(name))
    .flatMap(({ name, blocks }) => blocks.map((block, index) => ({ ...block, page: name, index })))
    .filter((block) => block.language === language)
    .map(({ page, index, text }) => ({
      name: `${page.replace(/\W+/g, '-')}-${index}.${language}`,
      text,
    }))
}

/** What samples take for granted in the working directory; what they have in `/srv` is there, too. */
const PLACE = {
  'cgi-bin/index.php': '',
  'site/cgi-bin/a.sh': '',
  'site/index.php': '',
  'public/index.php': '',
  'tools/a.py': '',
  'data/a': '',
  'downloads/a': '',
  application: '#!/bin/sh\n',
}

void t.test('the samples of the pages', async (t) => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  t.after(() => rmSync(FOLDER, { recursive: true, force: true }))

  for (const [language, isStrict] of [
    ['js', false],
    ['ts', true],
  ] as const) {
    void t.test(`compile (${language})`, async () => {
      const folder = path.join(FOLDER, language)
      const compilerOptions = { ...COMPILER_OPTIONS, strict: isStrict }
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
      writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
      writeFileSync(path.join(folder, 'request.d.ts'), TYPES)
      const samples = samplesOf(language)
      assert.notDeepEqual(samples, [])
      for (const { name, text } of samples) {
        writeFileSync(path.join(folder, name), complete(text))
      }
      const { stdout } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' })
      assert.equal(stdout, '')
    })
  }

  void t.test('run', needsRoot(), async (t) => {
    const place = createSite(t, PLACE)
    chmodSync(path.join(place, 'application'), 0o755)
    const folder = path.join(FOLDER, 'run')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    const runnable = samplesOf('js').filter(({ text }) => !complete(text).includes(CGI.both))
    for (const { name, text } of runnable) {
      const local = complete(text)
        .replaceAll('/srv/', `${place}/`)
        .replaceAll(/\b[38]000\b/g, '0')
      writeFileSync(path.join(folder, name), local)
    }
    const { stdout, stderr } = spawnSync(process.execPath, [RUN, folder], {
      cwd: place,
      encoding: 'utf8',
    })
    const lines = stdout.split('\n').filter((line) => !line.startsWith('{'))
    assert.deepEqual(lines, [`${runnable.length} samples`, ''], stderr)
  })

  void t.test('for a shell are right', async () => {
    for (const { name, blocks } of pages) {
      const input = blocks.map(({ language, text }) => (language === 'sh' ? text : '')).join('\n')
      const { stderr } = spawnSync('bash', ['-n'], { input, encoding: 'utf8' })
      assert.equal(stderr, '', name)
    }
  })

  void t.test('for the command have flags that it knows', async () => {
    const calls = pages.flatMap(({ text }) => [
      ...text.matchAll(/npx @common-gateway\/cli\b([^\n`#]*)/g),
    ])
    assert.ok(calls.length > 40)
    for (const [, line = ''] of calls) {
      if (/--(?:version|help)/.test(line)) continue
      const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)]
      parseArguments(words.map(([, double, single, plain]) => double ?? single ?? plain ?? ''))
    }
  })

  void t.test('in JSON are JSON', async () => {
    for (const page of pages) {
      for (const { language, text } of page.blocks) if (language === 'json') JSON.parse(text)
    }
  })

  void t.test('are all tried by a test', async () => {
    const tried = new Set(['', 'js', 'ts', 'sh', 'json'])
    const others = pages
      .filter(({ name }) => !FOLLOWED.test(name))
      .flatMap(({ name, blocks }) => blocks.map(({ language }) => ({ name, language })))
      .filter(({ language }) => !tried.has(language))
    assert.deepEqual(others, [])
  })
})
