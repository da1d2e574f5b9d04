import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

interface Configuration {
  readonly overrides: readonly {
    readonly files: readonly string[]
    readonly rules: {
      readonly 'no-restricted-imports'?: [string, { patterns?: { regex?: string }[] }]
    }
  }[]
}

const REPOSITORY = path.resolve(import.meta.dirname, '../..')

void t.test('CONTRIBUTING.md shows the imports between folders that lint allows', async () => {
  const text = readFileSync(path.join(REPOSITORY, 'CONTRIBUTING.md'), 'utf8')
  const configuration: unknown = await import(path.join(REPOSITORY, 'oxlint.config.mjs'))
  // It is a module of ours, without types.
  const { FOLDERS } = configuration as { FOLDERS: Record<string, Record<string, string[]>> }
  for (const [name, folders] of Object.entries(FOLDERS)) {
    const picture =
      new RegExp(`<!-- ${name} -->\\n\x60{3}\\n(.*?)\\n\x60{3}`, 's').exec(text)?.[1] ?? ''
    const shown = picture.split('\n').map((line): [string, string[]] => {
      const [folder = '', below = ''] = line.split('->').map((part) => part.trim())
      return [folder, below === '' ? [] : below.split(', ')]
    })
    assert.deepEqual(Object.fromEntries(shown), folders)
  }
})

void t.test('lint keeps folders from the files beside them', async () => {
  const configuration: unknown = await import(path.join(REPOSITORY, 'oxlint.config.mjs'))
  // It is a module of ours, without types.
  const { overrides } = (configuration as { default: Configuration }).default
  const forbids = (files: string, specifier: string): boolean =>
    overrides
      .filter((override) => override.files.includes(files))
      .flatMap(({ rules }) => rules['no-restricted-imports']?.[1].patterns ?? [])
      .some(({ regex }) => regex !== undefined && new RegExp(regex).test(specifier))
  for (const [files, specifier, isForbidden] of [
    ['packages/core/src/process/*.ts', '../gateway.js', true],
    ['packages/core/src/process/*.ts', './program.js', false],
    ['packages/core/src/process/*/**', '../../gateway.js', true],
    ['packages/core/src/process/*/**', '../../run/run.js', true],
    ['packages/core/src/process/*/**', '../../data/thrown.js', false],
    ['packages/core/src/process/*/**', '../program.js', false],
    ['packages/fastcgi/src/protocol/*.ts', '../connection/connection.js', true],
    ['packages/fastcgi/src/connection/*.ts', '../protocol/record.js', false],
  ] as const) {
    assert.equal(forbids(files, specifier), isForbidden, `${files} ${specifier}`)
  }
})

void t.test('the files on the way of a request exist', async () => {
  const text = readFileSync(path.join(REPOSITORY, 'CONTRIBUTING.md'), 'utf8')
  const [, way = ''] = /### How a request travels\n(.*?)\n### /s.exec(text) ?? []
  const files = [...way.matchAll(/`([a-z0-9/-]+\.ts)`/g)].map(([, file = '']) => file)
  assert.ok(files.length > 10)
  const sources = path.join(REPOSITORY, 'packages/core/src')
  assert.deepEqual(
    files.filter((file) => !existsSync(path.join(sources, file))),
    [],
  )
})

void t.test('npm test finds the tests of a source, also of one that no test imports', async () => {
  for (const [name, expected] of [
    ['packages/core/src/response/header-parser.ts', 'core/response/header-parser.test.js'],
    ['packages/core/src/transport.ts', 'transport.test.js'],
    ['packages/core/src/transport/guarded-input.ts', 'transport.test.js'],
    ['packages/express/src/index.ts', 'express/middleware.test.js'],
    ['packages/fastify/src/reply.ts', 'fastify/plugin.test.js'],
    ['packages/cli/src/site/site.ts', 'cli/files.test.js'],
  ] as const) {
    const script = path.join(REPOSITORY, 'scripts/test.mjs')
    const found = execFileSync(process.execPath, [script, '--list', name], { encoding: 'utf8' })
    assert.ok(found.split('\n').includes(expected), `${name}: ${found}`)
  }
})
