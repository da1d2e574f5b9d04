import type { Manager } from './cell.js'

const NPM_SETTINGS = (registry: string): Record<string, string> => {
  return { '.npmrc': `@common-gateway:registry=${registry}/\n` }
}

export const NPM: Manager = { install: ['npm', 'install'], settings: NPM_SETTINGS }

/** pnpm 11 does not run on Node.js 20. */
const pnpm = (version: string): Manager => ({
  install: ['npx', '-y', '-p', 'node@24', '-p', `pnpm@${version}`, 'pnpm', 'install'],
  settings: NPM_SETTINGS,
})

const YARN_4 = '@yarnpkg/cli-dist@4'

const yarn = (linker: 'pnp' | 'node-modules'): Manager => ({
  install: ['npx', '-y', YARN_4, 'install', '--no-immutable'],
  run: ['npx', '-y', YARN_4],
  settings: (registry) => ({
    // Its own cache: the version is the same before and after a change.
    '.yarnrc.yml': [
      `nodeLinker: ${linker}`,
      'enableGlobalCache: false',
      'enableTelemetry: false',
      'unsafeHttpWhitelist: ["127.0.0.1"]',
      `npmScopes: { common-gateway: { npmRegistryServer: "${registry}" } }`,
      '',
    ].join('\n'),
    'yarn.lock': '',
  }),
})

export const MANAGERS: Readonly<Record<string, Manager>> = {
  npm: NPM,
  'pnpm 9': pnpm('9'),
  'pnpm 10': pnpm('10'),
  'pnpm 11': pnpm('11'),
  'pnpm 12': pnpm('12'),
  'yarn 1, on Node.js 24 (it refuses Fastify 5 on 20)': {
    install: ['npx', '-y', '-p', 'node@24', '-p', 'yarn@1', 'yarn', 'install'],
    settings: NPM_SETTINGS,
  },
  'yarn 4': yarn('node-modules'),
  'yarn 4, Plug’n’Play': yarn('pnp'),
}
