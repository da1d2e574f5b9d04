import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))
const root = fileURLToPath(new URL('../../fixtures/cgi-bin', import.meta.url))

const NAMES = ['core', 'express', 'fastify', 'fastcgi', 'warm', 'cli']
const PROJECT = 'https://github.com/common-gateway/common-gateway'

/** The part of a package.json that is read. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly homepage?: string
  readonly bugs?: string
  readonly repository?: Readonly<Record<string, string>>
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts?: Record<string, string>
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(packages, folder, 'package.json'), 'utf8')) as Manifest
}

/** Finds a dependency as Node.js does: in the node_modules of the folder, or of a folder above it. */
function findInstalled(folder: string, name: string): string | undefined {
  const here = path.join(folder, 'node_modules', name)
  if (existsSync(here)) return here
  const parent = path.dirname(folder)
  return parent === folder ? undefined : findInstalled(parent, name)
}

/** As they are published: packed, unpacked in an empty project, and nothing else of ours beside. */
void t.test('the packages', async (t) => {
  let project: string
  t.before(() => {
    project = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    const scope = path.join(project, 'node_modules', '@common-gateway')
    mkdirSync(scope, { recursive: true })
    const packed = path.join(project, 'packed')
    const pack = path.resolve(packages, '../scripts/pack.mjs')
    const tarballs = execFileSync(process.execPath, [pack, packed], { encoding: 'utf8' })
    for (const tarball of tarballs.trim().split('\n')) {
      const name = /-(\w+)-[\d.]+\.tgz$/.exec(tarball)?.[1] ?? assert.fail(tarball)
      const target = path.join(scope, name)
      mkdirSync(target)
      execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip', '1'])
      link(path.join(packages, name), target)
    }
    writeFileSync(path.join(project, 'package.json'), '{}')
  })
  t.after(() => rmSync(project, { recursive: true }))

  /** The dependencies from elsewhere stay where they are installed. */
  function link(folder: string, target: string): void {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'peerDependencies', Record<string, string> | undefined>
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const installed = path.join(folder, 'node_modules', name)
      const place = path.join(target, 'node_modules', name)
      if (name.startsWith('@common-gateway/') || name === 'express') continue
      mkdirSync(path.dirname(place), { recursive: true })
      symlinkSync(realpathSync(installed), place)
    }
  }

  function run(file: string, source: string): string {
    writeFileSync(path.join(project, file), source)
    return execFileSync(process.execPath, ['--no-warnings', file], {
      cwd: project,
      encoding: 'utf8',
    })
  }

  const ANSWER = `
    const server = require('node:http').createServer((q, r) => gateway(q, r, () => r.end('none')))
    server.listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/cgi-bin/say.cgi?X_0072_0012_0012'
      console.log((await fetch(url)).status)
      server.close()
      server.closeAllConnections()
      await gateway.close()
    })`

  void t.test('are imported by ES modules', async () => {
    const out = run(
      'a.mjs',
      `import express, { cgi, CgiError } from '@common-gateway/express'
       import fastify, { cgi as plugin } from '@common-gateway/fastify'
       import { createCgiHandler } from '@common-gateway/core'
       import { createRequire } from 'node:module'
       const require = createRequire(import.meta.url)
       console.log(express === cgi, fastify === plugin, typeof CgiError, typeof createCgiHandler)
       const gateway = express({ root: ${JSON.stringify(root)} })
       ${ANSWER}`,
    )
    assert.equal(out, 'true true function function\n200\n')
  })

  void t.test('have entries for adapters, transports and steps', async () => {
    const out = run(
      'entries.mjs',
      `const entries = ['', '/adapter', '/transport', '/steps'].map((entry) => '@common-gateway/core' + entry)
       const modules = await Promise.all(entries.map((entry) => import(entry)))
       const [{ createCgiHandler, CgiError }, { Exchange }, transport, { createHeaderParser }] = modules
       console.log(typeof createCgiHandler, typeof Exchange, typeof createHeaderParser)
       console.log(transport.CgiError === CgiError)
       console.log(await import('@common-gateway/core/dist/index.js').catch(({ code }) => code))`,
    )
    assert.equal(out, 'function function function\ntrue\nERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  void t.test('are required by CommonJS modules', async () => {
    const out = run(
      'b.cjs',
      `const express = require('@common-gateway/express')
       const fastify = require('@common-gateway/fastify')
       console.log(express.cgi === express, express.default === express, fastify.cgi === fastify)
       console.log(typeof express.CgiError, express.CgiError === fastify.CgiError)
       const gateway = express({ root: ${JSON.stringify(root)} })
       ${ANSWER}`,
    )
    assert.equal(out, 'true true true\nfunction true\n200\n')
  })

  void t.test('give CommonJS modules everything that they export', async () => {
    const out = run(
      'c.cjs',
      `for (const name of ['@common-gateway/express', '@common-gateway/fastify']) {
         const required = require(name)
         import(name).then(({ 'module.exports': _, ...exported }) => {
           console.log(Object.entries(exported).every(([key, value]) => required[key] === value))
         })
       }`,
    )
    assert.equal(out, 'true\ntrue\n')
  })

  void t.test('run no script when they are installed, nor do their dependencies', async () => {
    const seen = new Set<string>()
    const scripts: string[] = []
    const look = (folder: string): void => {
      const file = realpathSync(path.join(folder, 'package.json'))
      if (seen.has(file)) return
      seen.add(file)
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest
      for (const name of ['preinstall', 'install', 'postinstall']) {
        if (manifest.scripts?.[name] !== undefined) scripts.push(`${manifest.name}: ${name}`)
      }
      // npm runs node-gyp for such a package.
      if (existsSync(path.join(path.dirname(file), 'binding.gyp'))) {
        scripts.push(`${manifest.name}: binding.gyp`)
      }
      const { dependencies = {}, optionalDependencies = {} } = manifest
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const found = findInstalled(path.dirname(file), name)
        // Those of other platforms are not installed.
        if (found !== undefined) look(found)
        else assert.ok(name in optionalDependencies, `${name} of ${manifest.name} is installed`)
      }
    }
    for (const name of NAMES) {
      look(path.join(packages, name))
    }
    assert.ok(
      [...seen].some((file) => file.includes(`koffi-${process.platform}-${process.arch}`)),
      'the build of koffi for this platform is among them',
    )
    assert.deepEqual(scripts, [])
  })

  void t.test(
    'PKG-1 have the address of the project, and run on the same versions of Node.js',
    async () => {
      const { homepage, bugs, engines } = readManifest('..')
      assert.equal(homepage, `${PROJECT}#readme`)
      for (const name of NAMES) {
        const { repository, ...manifest } = readManifest(name)
        const directory = `packages/${name}`
        assert.deepEqual(repository, { type: 'git', url: `git+${PROJECT}.git`, directory })
        assert.equal(manifest.homepage, `${PROJECT}/tree/main/${directory}#readme`)
        assert.deepEqual([manifest.bugs, manifest.engines], [bugs, engines])
      }
    },
  )

  void t.test('PKG-2 are required at the version that is published', async () => {
    for (const name of NAMES) {
      const file = path.join(project, 'node_modules', '@common-gateway', name, 'package.json')
      const {
        version,
        dependencies = {},
        ...rest
      } = JSON.parse(readFileSync(file, 'utf8')) as Manifest
      assert.ok(!('devDependencies' in rest))
      for (const [dependency, range] of Object.entries(dependencies)) {
        assert.ok(!range.startsWith('workspace:'), dependency)
        if (dependency.startsWith('@common-gateway/')) assert.equal(range, `^${version}`)
      }
    }
  })

  void t.test('PKG-4 import their dependencies only', async () => {
    for (const name of NAMES) {
      const folder = path.join(project, 'node_modules', '@common-gateway', name)
      const manifest = readFileSync(path.join(folder, 'package.json'), 'utf8')
      const { dependencies = {}, peerDependencies = {} } = JSON.parse(manifest) as Manifest
      const files = readdirSync(path.join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
      for (const file of files.filter((each) => each.endsWith('.js'))) {
        const text = readFileSync(path.join(folder, 'dist', file), 'utf8')
        for (const [, imported = ''] of text.matchAll(/^import .*?"([^".][^"]*)";$/gm)) {
          if (imported.startsWith('node:')) continue
          const [, dependency = imported] = /^(@[^/]+\/[^/]+|[^@/]+)/.exec(imported) ?? []
          assert.ok(dependency in { ...dependencies, ...peerDependencies }, `${file}: ${imported}`)
        }
      }
    }
  })

  void t.test('are imported fast: their source is ASCII', async () => {
    for (const name of NAMES) {
      const folder = path.join(project, 'node_modules', '@common-gateway', name, 'dist')
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      for (const file of files.filter((each) => each.endsWith('.js'))) {
        const [character] =
          /[^\p{ASCII}]/u.exec(readFileSync(path.join(folder, file), 'utf8')) ?? []
        assert.equal(character, undefined, file)
      }
    }
  })

  void t.test('load what sends files when a gateway is to send some', async () => {
    const out = run(
      'd.mjs',
      `import cgi from '@common-gateway/express'
       import fastify from '@common-gateway/fastify'
       import { once } from 'node:events'
       import { createServer } from 'node:http'
       import { createRequire } from 'node:module'
       const { cache } = createRequire(import.meta.url)
       const isLoaded = () => Object.keys(cache).some((file) => /[/]mime[/]|[/]@fastify[/]send[/]/.test(file))
       const root = ${JSON.stringify(path.join(packages, 'core'))}
       const plain = cgi({ root })
       await new Promise(setImmediate)
       console.log(isLoaded())
       const gateway = cgi({ root, prefix: '/', otherFiles: 'send' })
       const server = createServer((request, response) => gateway(request, response, () => response.end()))
       await once(server.listen(0, '127.0.0.1'), 'listening')
       const answer = await fetch('http://127.0.0.1:' + server.address().port + '/package.json')
       console.log(answer.status, answer.headers.get('content-type'), isLoaded())
       server.close()
       server.closeAllConnections()
       await Promise.all([plain.close(), gateway.close()])`,
    )
    assert.equal(out, 'false\n200 application/json; charset=utf-8 true\n')
  })

  void t.test('PKG-3 run the command', async () => {
    const main = path.join(project, 'node_modules', '@common-gateway', 'cli', 'dist', 'main.js')
    const { version } = readManifest('cli')
    const answer = execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' })
    assert.equal(answer, `common-gateway ${version}\n`)
  })

  void t.test('have what they tell of, and the version of the server software', async () => {
    for (const name of NAMES) {
      const folder = path.join(project, 'node_modules', '@common-gateway', name)
      const files = execFileSync(
        'find',
        ['.', '-name', 'node_modules', '-prune', '-o', '-type', 'f', '-print'],
        {
          cwd: folder,
          encoding: 'utf8',
        },
      ).split('\n')
      const code = name === 'cli' ? ['./dist/main.js'] : ['./dist/index.js', './dist/index.d.ts']
      for (const file of ['./README.md', './LICENSE', './package.json', ...code]) {
        assert.ok(files.includes(file), `${name} has ${file}`)
      }
      if (name === 'cli') {
        for (const part of ['./browser/page.css', './dist/browser/page.js']) {
          assert.ok(files.includes(part), `the status page has ${part}`)
        }
      }
      const needless = files.filter((file) => /tsbuildinfo|\.test\.|\.map$|\/src\//.test(file))
      assert.deepEqual(needless, [], name)
    }
    const { version } = JSON.parse(
      readFileSync(path.join(packages, 'core', 'package.json'), 'utf8'),
    ) as { version: string }
    const source = readFileSync(
      path.join(packages, 'core', 'src', 'environment', 'meta-variables.ts'),
      'utf8',
    )
    assert.ok(source.includes(`'CommonGateway/${version.replace(/\.\d+$/, '')}'`))
  })
})
