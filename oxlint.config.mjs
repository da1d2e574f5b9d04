/**
 * The folders of a package, each with those below it that it may import. A file of the package's root,
 * such as `gateway.ts` or `index.ts`, may import them all; no folder imports the root.
 */
export const FOLDERS = {
  core: {
    data: [],
    transport: ['data'],
    options: ['data', 'transport'],
    request: ['data'],
    failure: ['data'],
    script: ['data', 'transport', 'options', 'request'],
    body: ['data', 'transport', 'options'],
    environment: ['data', 'transport', 'options', 'request', 'script'],
    process: ['data', 'transport', 'options', 'body'],
    run: ['data', 'transport', 'options', 'body'],
    response: ['data', 'transport', 'options', 'request', 'script', 'body', 'run'],
    http: ['data', 'request', 'process'],
  },
  fastcgi: {
    protocol: [],
    connection: ['protocol'],
    workers: ['connection'],
    upstream: ['protocol', 'connection', 'workers'],
  },
  warm: {
    options: [],
    protocol: [],
    script: [],
    server: ['protocol', 'script'],
    choice: ['options', 'script', 'server'],
  },
  cli: {
    text: [],
    files: [],
    settings: ['text', 'files'],
    access: ['settings'],
    authentication: ['text', 'settings', 'access'],
    site: ['files', 'settings', 'access', 'authentication'],
    journal: ['access'],
    log: ['text', 'journal'],
    advice: ['text', 'files', 'settings', 'site'],
    listing: ['text', 'files', 'site', 'advice'],
    status: ['text', 'access', 'site', 'advice', 'journal'],
    reload: ['text', 'access', 'site', 'journal'],
    server: [
      'text',
      'settings',
      'access',
      'authentication',
      'site',
      'advice',
      'journal',
      'listing',
      'status',
      'reload',
    ],
    start: ['text', 'settings', 'access', 'site', 'advice', 'journal', 'log', 'server'],
  },
}

/** What no file of a package imports. */
const EVERYWHERE = {
  regex: '^(\\.\\./)+(core|fastify|express|fastcgi|warm|cli|test)/',
  message: 'Import another package by its name.',
}

const PROCESSES = ['node:child_process', 'child_process'].map((name) => ({
  name,
  message: 'Processes are started in packages/core/src/process, and nowhere else.',
}))

const CORE = {
  group: [
    'fastify',
    'fastify/*',
    'fastify-plugin',
    '@fastify/*',
    '!@fastify/send',
    'express',
    'express/*',
    '@common-gateway/*',
  ],
  message: 'The core knows no framework and no other package.',
}

const ADAPTER = {
  group: [
    '@common-gateway/*',
    '!@common-gateway/core',
    '@common-gateway/*/**',
    '!@common-gateway/core/adapter',
  ],
  message: 'An adapter imports @common-gateway/core, its entry adapter, and its framework.',
}

const TRANSPORT = {
  regex: '^@common-gateway/(core($|/adapter|/steps)|fastify|express|fastcgi|warm|cli)',
  message: 'This package imports the entry transport of @common-gateway/core, and Node.js.',
}

function restrict(files, patterns, paths = PROCESSES) {
  return {
    files,
    rules: { 'no-restricted-imports': ['error', { paths, patterns: [EVERYWHERE, ...patterns] }] },
  }
}

/** One rule for each folder of a package. */
function folderRules(name, patterns) {
  const folders = FOLDERS[name]
  return Object.entries(folders).map(([folder, below]) => {
    const others = Object.keys(folders).filter(
      (other) => other !== folder && !below.includes(other),
    )
    const above = {
      regex: `^(\\.\\./)+((${others.join('|')})/|[^/]+$)`,
      message: `${folder} imports ${below.join(', ') || 'no other folder'}: see CONTRIBUTING.md, "What a file may import".`,
    }
    // A folder of a folder, such as process/posix, reaches its parent's files by one "../", and the root by two.
    const files = [`packages/${name}/src/${folder}/*.ts`]
    const inner = { ...above, regex: `^((\\.\\./)+(${others.join('|')})/|(\\.\\./){2,}[^/]+$)` }
    const paths = folder === 'process' ? [] : PROCESSES
    return [
      restrict(files, [...patterns, above], paths),
      restrict([`packages/${name}/src/${folder}/*/**`], [...patterns, inner], paths),
    ]
  })
}

export default {
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  env: { builtin: true, node: true },
  ignorePatterns: ['**/dist', '**/build', 'coverage', 'test/fixtures', 'packages/cli/demo'],
  rules: {
    eqeqeq: [
      'error',
      'always',
      {
        null: 'ignore',
      },
    ],
    'no-console': 'error',
    'no-unused-vars': [
      'error',
      {
        ignoreRestSiblings: true,
      },
    ],
    'no-var': 'error',
    'prefer-const': 'error',
    'import/no-cycle': [
      'error',
      {
        ignoreTypes: false,
      },
    ],
    'import/no-duplicates': 'error',
    'node/no-new-require': 'error',
    'typescript/consistent-type-imports': [
      'error',
      {
        fixStyle: 'separate-type-imports',
      },
    ],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [
          {
            from: 'package',
            package: 'node:test',
            name: ['test', 'it', 'describe', 'suite'],
          },
        ],
      },
    ],
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/switch-exhaustiveness-check': [
      'error',
      {
        considerDefaultExhaustiveForUnions: true,
      },
    ],
    'typescript/restrict-template-expressions': [
      'error',
      {
        allowNumber: true,
        allowBoolean: true,
      },
    ],
    'unicorn/prefer-node-protocol': 'error',
    'no-underscore-dangle': 'off',
    'import/no-named-as-default': 'off',
    'import/no-named-as-default-member': 'off',
    'oxc/no-async-endpoint-handlers': 'off',
    'typescript/consistent-return': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/prefer-add-event-listener': 'off',
    'unicorn/require-post-message-target-origin': 'off',
  },
  overrides: [
    restrict(['packages/core/src/*.ts'], [CORE]),
    ...folderRules('core', [CORE]).flat(),
    restrict(['packages/fastcgi/src/*.ts', 'packages/warm/src/*.ts'], [TRANSPORT]),
    ...folderRules('fastcgi', [TRANSPORT]).flat(),
    ...folderRules('warm', [TRANSPORT]).flat(),
    restrict(['packages/cli/src/*.ts'], []),
    ...folderRules('cli', []).flat(),
    restrict(['packages/fastify/src/**', 'packages/express/src/**'], [ADAPTER]),
    { files: ['packages/cli/src/**', 'examples/**'], rules: { 'no-console': 'off' } },
    {
      files: ['test/**', 'scripts/**'],
      rules: {
        'no-console': 'off',
        'typescript/no-non-null-assertion': 'off',
        // Each subtest of tap has a `t` of its own.
        'no-shadow': ['error', { allow: ['t'] }],
        'no-restricted-imports': [
          'error',
          {
            paths: [
              {
                name: 'node:test',
                importNames: [
                  'default',
                  'test',
                  'suite',
                  'describe',
                  'it',
                  'before',
                  'after',
                  'beforeEach',
                  'afterEach',
                ],
                message: 'Tests are written with tap: import t from "tap".',
              },
            ],
          },
        ],
      },
    },
  ],
}
