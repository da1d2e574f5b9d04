// Makes the packages as they are published: node scripts/pack.mjs FOLDER
// FOLDER/core and its like are the contents, FOLDER/*.tgz the tarballs.
// Modules are bundled to a few files, since an import costs by the file: half of the time of an application's start.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'

const ROOT = path.resolve(import.meta.dirname, '..')
const PACKAGES = ['core', 'fastify', 'express', 'fastcgi', 'warm', 'cli']

/** Fields of a package.json that only the development needs. */
const OWN_FIELDS = ['devDependencies', 'scripts']

/** Packs all packages into a new folder; resolves to the paths of their tarballs. */
export async function pack(folder) {
  rmSync(folder, { recursive: true, force: true })
  await Promise.all(
    PACKAGES.map((name) => write(path.join(ROOT, 'packages', name), path.join(folder, name))),
  )
  // One npm for all of them: its start takes most of the time.
  const targets = PACKAGES.map((name) => `./${name}`)
  const args = ['pack', '--json', '--ignore-scripts', ...targets]
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder })
  return JSON.parse(stdout).map(({ filename }) => path.join(folder, filename))
}

async function write(source, target) {
  const manifest = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'))
  mkdirSync(path.join(target, 'dist'), { recursive: true })
  cpSync(path.join(source, 'README.md'), path.join(target, 'README.md'))
  cpSync(path.join(ROOT, 'LICENSE'), path.join(target, 'LICENSE'))
  const { files, imports = {} } = manifest
  const whole = files.filter((file) => file !== 'dist' && !file.startsWith('!'))
  for (const file of new Set([...whole, ...Object.values(imports)])) copy(source, target, file)
  writeFileSync(
    path.join(target, 'package.json'),
    `${JSON.stringify(toPublished(manifest), undefined, 2)}\n`,
  )
  const entries = Object.values(manifest.exports).filter((entry) => typeof entry === 'object')
  const types = new Set()
  for (const entry of entries) collectTypes(path.join(source, entry.types), types)
  for (const file of types) {
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
    const place = path.join(target, path.relative(source, file))
    mkdirSync(path.dirname(place), { recursive: true })
    writeFileSync(place, text)
  }
  const inputs = [...entries.map((entry) => entry.default), ...Object.values(manifest.bin ?? {})]
  await bundle(source, target, inputs)
}

/** The manifest with versions in the place of the workspace's own ranges, as pnpm publishes it. */
function toPublished(manifest) {
  const { version } = manifest
  const published = Object.entries(manifest).filter(([name]) => !OWN_FIELDS.includes(name))
  return JSON.parse(
    JSON.stringify(Object.fromEntries(published)).replaceAll('workspace:^', `^${version}`),
  )
}

function copy(source, target, file) {
  cpSync(path.join(source, file), path.join(target, file), {
    recursive: true,
    filter: (each) => !each.endsWith('__pycache__'),
  })
}

/** The declarations that an entry needs, itself among them. */
function collectTypes(file, found) {
  if (found.has(file)) return
  found.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, specifier] of text.matchAll(/(?:from|import\(|import) ?['"](\.[^'"]+)['"]/g)) {
    collectTypes(path.join(path.dirname(file), specifier.replace(/\.js$/, '.d.ts')), found)
  }
}

/**
 * Each entry keeps its path; what several have in common, or import late, goes to dist/parts. Comments are in the
 * declarations: to read past them takes a seventh of an import.
 */
async function bundle(source, target, inputs) {
  // One file is imported faster than eight. Not of the command, most of whose parts are imported late.
  const hasLateParts = path.basename(source) === 'cli'
  const bundler = await rolldown({
    input: Object.fromEntries(
      inputs.map((file) => [path.basename(file, '.js'), path.join(source, file)]),
    ),
    // A helper of the bundler is no dependency: it takes `</script` in a tagged template apart.
    external: (specifier) => !/^(?:[./]|@oxc-project\/runtime\/)/.test(specifier),
    platform: 'node',
  })
  const { output } = await bundler.write({
    dir: path.join(target, 'dist'),
    format: 'esm',
    chunkFileNames: 'parts/[name].js',
    comments: { jsdoc: false },
    ...(!hasLateParts && { codeSplitting: { groups: [{ name: 'common', minShareCount: 2 }] } }),
  })
  await bundler.close()
  for (const { fileName, code } of output) {
    writeFileSync(path.join(target, 'dist', fileName), toAscii(code))
  }
}

/** One character beyond Latin-1 doubles the memory of the whole source, and its import takes a fifth longer. */
function toAscii(code) {
  // oxlint-disable-next-line no-control-regex -- all that is not ASCII
  return code.replaceAll(/[^\x00-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

if (import.meta.filename === path.resolve(process.argv[1])) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('node scripts/pack.mjs FOLDER')
  for (const file of await pack(path.resolve(folder))) console.log(file)
}
