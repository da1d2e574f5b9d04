import { APPLICATIONS, RUNNER_TEST, SCRIPT, TYPED, TYPED_REQUIRE } from './applications.js'
import type { Cell, Project } from './cell.js'
import { MANAGERS, NPM } from './managers.js'

const OURS = '0.1.x'
const EXPRESS = { '@common-gateway/express': OURS, express: '5' }
const FASTIFY = { '@common-gateway/fastify': OURS, fastify: '5' }
const NODES = ['20', '22', '24', '26']

type ApplicationName = keyof typeof APPLICATIONS

function project(
  packages: Readonly<Record<string, string>>,
  applications: readonly ApplicationName[],
  files: Readonly<Record<string, string>> = {},
): Project {
  const sources = applications.map((name) => [fileOf(name), APPLICATIONS[name]])
  const all = { ...Object.fromEntries(sources), 'cgi-bin/forbidden.sh': SCRIPT, ...files }
  return { manager: NPM, packages, files: all }
}

function fileOf(name: ApplicationName): string {
  return `${name.replace(':', '-')}.${name === 'require' ? 'cjs' : 'mjs'}`
}

const expressProject = project(EXPRESS, ['express', 'node:http', 'require'])
const fastifyProject = project(FASTIFY, ['fastify'])

const managers = Object.entries(MANAGERS).map(
  ([name, manager]): Cell => ({
    group: 'Package managers',
    name,
    project: { ...project({ ...EXPRESS, ...FASTIFY }, ['fastify']), manager },
    version: [...manager.install.slice(0, name === 'npm' ? 1 : -1), '--version'].filter(
      (word) => word !== 'install',
    ),
    command: [...(manager.run ?? []), 'node', 'fastify.mjs'],
    proof: 'answer',
  }),
)

const commandProject = project({ '@common-gateway/cli': OURS }, [], { 'index.html': 'own page\n' })

const commands = NODES.map(
  (version): Cell => ({
    group: 'Node.js',
    name: `Node.js ${version}, the command`,
    project: commandProject,
    version: [`node@${version}`, '--version'],
    command: [`node@${version}`, 'node_modules/@common-gateway/cli/dist/main.js', '--port', '0'],
    proof: 'answer',
  }),
)

const nodes = NODES.flatMap((version) =>
  (
    [
      ['Fastify 5', fastifyProject, 'fastify'],
      ['Express 5', expressProject, 'express'],
      ['`node:http`', expressProject, 'node:http'],
      ['Express 5 by `require()`', expressProject, 'require'],
    ] as const
  ).map(
    ([title, used, name]): Cell => ({
      group: 'Node.js',
      name: `Node.js ${version}, ${title}`,
      project: used,
      version: [`node@${version}`, '--version'],
      command: [`node@${version}`, fileOf(name)],
      proof: 'answer',
    }),
  ),
)

function framework(
  name: string,
  application: ApplicationName,
  version: string,
  packages: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Cell {
  const adapter = packages['fastify'] === undefined ? 'express' : 'fastify'
  const all = { [`@common-gateway/${adapter}`]: OURS, ...packages }
  return {
    group: 'Frameworks',
    name,
    project: project(all, [application], files),
    version,
    command: ['node', fileOf(application)],
    proof: 'answer',
  }
}

const NEST = { '@nestjs/common': '*', '@nestjs/core': '*', 'reflect-metadata': '*', rxjs: '*' }
const NEXT_PAGE = `export default function Page() { return 'own page' }\n`

const frameworks: readonly Cell[] = [
  framework('Fastify 5', 'fastify', 'fastify', { fastify: '5' }),
  framework('Express 5', 'express', 'express', { express: '5' }),
  framework('Express 4', 'express', 'express', { express: '4' }),
  framework('Connect', 'connect', 'connect', { connect: '*' }),
  framework('Polka', 'polka', 'polka', { polka: '*' }),
  framework('Polka 1, not yet released', 'polka', 'polka', { polka: '1.0.0-next.28' }),
  framework('Vite', 'vite', 'vite', { vite: '*' }, { 'index.html': 'own page\n' }),
  framework('Koa', 'koa', 'koa', { koa: '*', 'koa-connect': '*' }),
  framework('Hono on @hono/node-server', 'hono', 'hono', { hono: '*', '@hono/node-server': '*' }),
  framework(
    'Next.js, custom server',
    'next',
    'next',
    { next: '*', react: '*', 'react-dom': '*' },
    { 'pages/index.js': NEXT_PAGE },
  ),
  framework('Nest on Express', 'nest-express', '@nestjs/core', {
    ...NEST,
    '@nestjs/platform-express': '*',
  }),
  framework('Nest on Fastify', 'nest-fastify', '@nestjs/core', {
    ...NEST,
    '@nestjs/platform-fastify': '*',
    fastify: '5',
  }),
]

const runtimes = ['bun', 'deno'].flatMap((runtime) =>
  (
    [
      ['Fastify 5', fastifyProject, 'fastify'],
      ['Express 5', expressProject, 'express'],
      ['`node:http`', expressProject, 'node:http'],
    ] as const
  ).map(
    ([title, used, name]): Cell => ({
      group: 'Other runtimes',
      name: `${runtime === 'bun' ? 'Bun' : 'Deno'}, ${title}`,
      project: used,
      version: ['npx', '-y', runtime, '--version'],
      command:
        runtime === 'bun'
          ? ['npx', '-y', 'bun', fileOf(name)]
          : ['npx', '-y', 'deno', 'run', '--allow-all', fileOf(name)],
      proof: 'answer',
    }),
  ),
)

/** `module` and `moduleResolution` of each way to compile. */
const WAYS = {
  node16: ['node16', 'node16', 'typed.mts'],
  nodenext: ['nodenext', 'nodenext', 'typed.mts'],
  bundler: ['preserve', 'bundler', 'typed.mts'],
  '`require`': ['nodenext', 'nodenext', 'typed.cts'],
} as const

const compilers = ['5.9', '6', '7'].map((version) => {
  const settings = Object.entries(WAYS).map(([way, [module, moduleResolution, file]]) => [
    `tsconfig.${way.replaceAll('`', '')}.json`,
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module,
        moduleResolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
      },
      files: [file],
    }),
  ])
  const packages = {
    ...EXPRESS,
    ...FASTIFY,
    '@common-gateway/core': OURS,
    '@common-gateway/fastcgi': OURS,
    '@common-gateway/warm': OURS,
    '@types/express': '5',
    '@types/node': '22',
    typescript: version === '5.9' ? '~5.9' : version,
  }
  const files = { 'typed.mts': TYPED, 'typed.cts': TYPED_REQUIRE, ...Object.fromEntries(settings) }
  const used = project(packages, [], files)
  return Object.keys(WAYS).map(
    (way): Cell => ({
      group: 'TypeScript',
      name: `TypeScript ${version}, ${way}`,
      project: used,
      version: 'typescript',
      command: ['npx', 'tsc', '--project', `tsconfig.${way.replaceAll('`', '')}.json`],
      proof: 'success',
    }),
  )
})

const TEST_FILES = { 'gateway.test.mjs': RUNNER_TEST }

const runners: readonly Cell[] = [
  {
    group: 'Test runners',
    name: 'Vitest',
    project: project({ ...EXPRESS, vitest: '*' }, [], TEST_FILES),
    version: 'vitest',
    command: ['npx', 'vitest', 'run', '--globals'],
    proof: 'success',
  },
  {
    group: 'Test runners',
    name: 'Jest with `node --experimental-vm-modules` (Node.js 24)',
    project: project({ ...EXPRESS, jest: '*' }, [], {
      ...TEST_FILES,
      'jest.config.json': '{ "testMatch": ["**/*.test.mjs"], "transform": {} }',
    }),
    version: 'jest',
    command: ['node@24', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
    proof: 'success',
  },
]

export const CELLS: readonly Cell[] = [
  ...managers,
  ...nodes,
  ...commands,
  ...frameworks,
  ...runtimes,
  ...compilers.flat(),
  ...runners,
]
