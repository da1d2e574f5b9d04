import assert from 'node:assert/strict'
import { chmodSync, symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { CgiError, type CgiOptions, DEFAULTS } from '@common-gateway/core'
import { OPTION_NAMES } from '@internal/core/options/rules.js'
import { CountedSlots } from '@common-gateway/core/transport'
import { createSettings } from '@internal/core/options/settings.js'
import { createTemporaryFolder, writeProgram } from '../temporary-folder.js'

const folder = createTemporaryFolder(t)
const file = writeProgram(folder, 'plain.txt', 'text', 0o644)
const python = writeProgram(folder, 'program.py', 'text', 0o644)
const program = writeProgram(folder, 'program.cgi', '#!/bin/sh\n')
const other = writeProgram(folder, 'bin/other', '#!/bin/sh\n')
const hidden = writeProgram(folder, 'not-in-bin/other', '#!/bin/sh\n')
writeProgram(folder, 'first/other', 'not a program', 0o644)
symlinkSync('circle', path.join(folder, 'circle'))

/** Checks values that the types would not let pass: an application in JavaScript may give them. */
function settings(options: unknown): ReturnType<typeof createSettings> {
  return createSettings(options as CgiOptions)
}

function assertRefused(options: object, option: string, shown: string | undefined): void {
  let refusal: unknown
  try {
    settings(options)
  } catch (error) {
    refusal = error
  }
  const what = `${option}: ${shown}`
  assert.ok(refusal instanceof CgiError, `${what} was ${String(refusal)}`)
  assert.equal(refusal.code, 'CGI_ERR_INVALID_OPTION', what)
  assert.match(refusal.message, /^Expected the `.+` option to be .+, got .+ \(\w+\)$/s, what)
  assert.ok(refusal.message.includes(`\`${option}\``), `${what} in ${refusal.message}`)
  if (shown === undefined) return
  assert.ok(refusal.message.includes(`got ${shown} (`), `${what} in ${refusal.message}`)
}

/** A value of each type, with what the message must show of it. */
const VALUES = {
  text: ['text', "'text'"],
  empty: ['', "''"],
  withNul: ['a\0b', "'a\0b'"],
  number: [7, '7'],
  negative: [-1, '-1'],
  fraction: [1.5, '1.5'],
  // How these two are shown is proved once, where the message is made.
  notANumber: [Number.NaN, undefined],
  infinite: [Number.POSITIVE_INFINITY, undefined],
  tooLarge: [2 ** 53, '9007199254740992'],
  bigint: [7n, '7'],
  digits: ['7', "'7'"],
  yes: [true, 'true'],
  no: [false, 'false'],
  nothing: [null, 'null'],
  list: [['text'], '["text"]'],
  numbers: [[7], '[7]'],
  emptyText: [[''], '[""]'],
  object: [{ a: 'b' }, '{"a":"b"}'],
  callable: [Object.assign(() => '', {}), 'a function'],
  symbol: [Symbol('s'), 'Symbol(s)'],
} as const satisfies Record<string, readonly [unknown, string | undefined]>
type Kind = keyof typeof VALUES

// Object.keys forgets which they are.
const KINDS = Object.keys(VALUES) as Kind[]
const except = (...kinds: Kind[]): Kind[] => KINDS.filter((kind) => !kinds.includes(kind))
const FLAG = except('yes', 'no')
const NUMBER = except('number')

/** The kinds of value that each option refuses; a `Record` so that none is forgotten. */
const REFUSED: Record<keyof Required<CgiOptions>, readonly Kind[]> = {
  root: KINDS,
  allowMissingRoot: FLAG,
  script: KINDS,
  prefix: KINDS,
  interpreters: KINDS,
  fallbackInterpreters: KINDS,
  extensions: KINDS,
  otherFiles: KINDS,
  fallback: except('text', 'digits'),
  linkRoots: KINDS,
  index: except('list'),
  dotfiles: KINDS,
  encodedSlashes: KINDS,
  methods: KINDS,
  env: except('object', 'callable'),
  inheritEnv: except('list'),
  documentRoot: KINDS,
  cwd: KINDS,
  authenticate: except('callable'),
  passAuthorization: FLAG,
  underscoreHeaders: KINDS,
  indexQuery: FLAG,
  nph: FLAG,
  strict: FLAG,
  sendfileRoots: KINDS,
  chunkedBody: KINDS,
  spawner: KINDS,
  transport: KINDS,
  bodyLimit: NUMBER,
  maxHeaderSize: NUMBER,
  headersTimeout: NUMBER,
  bodyTimeout: NUMBER,
  minRate: NUMBER,
  requestTimeout: NUMBER,
  killTimeout: NUMBER,
  lingerTimeout: NUMBER,
  closeTimeout: NUMBER,
  killOnDisconnect: FLAG,
  maxProcesses: NUMBER,
  maxQueue: NUMBER,
  queueTimeout: NUMBER,
  cpuTimeLimit: NUMBER,
  memoryLimit: NUMBER,
  openFileLimit: NUMBER,
  fileSizeLimit: NUMBER,
  user: except('number', 'text', 'digits'),
  group: except('number', 'text', 'digits'),
  nice: except('number', 'negative'),
  logger: KINDS,
  errorPage: FLAG,
}

for (const [option, kinds] of Object.entries(REFUSED)) {
  void t.test(`OPT-1 ${option} refuses every kind of value that it cannot be`, async () => {
    const base = option === 'root' || option === 'script' ? {} : { root: folder }
    for (const kind of kinds) {
      const [value, shown] = VALUES[kind]
      // An interpreter is named by its extension, and `object` has one without its dot.
      if (/interpreters/i.test(option) && kind === 'object') continue
      assertRefused({ ...base, [option]: value }, option, shown)
    }
    for (const kind of except(...kinds)) {
      const [value] = VALUES[kind]
      assert.ok(settings({ ...base, [option]: value }), `${option}: ${kind}`)
    }
  })
}

void t.test('OPT-1 a root may be missing where that is allowed, but not be a file', async () => {
  const missing = path.join(folder, 'missing')
  const made = settings({ root: missing, allowMissingRoot: true })
  assert.deepEqual(made.source, { type: 'root', folder: missing })
  assertRefused({ root: file, allowMissingRoot: true }, 'root', `'${file}'`)
})

void t.test(
  'OPT-1 MAP-8 what is about a folder is refused where one script answers for all',
  async () => {
    const options = {
      extensions: ['.cgi'],
      otherFiles: 'send',
      fallback: 'a.cgi',
      linkRoots: [folder],
    }
    for (const [option, value] of Object.entries(options)) {
      assert.throws(
        () => settings({ script: process.execPath, [option]: value }),
        new RegExp(`\`${option}\` option to be absent where \`script\` is given`),
      )
    }
  },
)

void t.test('OPT-1 what is about processes is refused where a transport is given', async () => {
  const transport = { open: () => Promise.reject(new Error()), close: () => Promise.resolve() }
  const own = {
    spawner: 'auto',
    cpuTimeLimit: 1,
    memoryLimit: 1,
    openFileLimit: 1,
    fileSizeLimit: 1,
    user: 'nobody',
    group: 'nogroup',
    nice: 1,
    cwd: folder,
  }
  for (const [option, value] of Object.entries(own)) {
    assert.throws(() => settings({ root: folder, transport, [option]: value }), {
      code: 'CGI_ERR_INVALID_OPTION',
      message: new RegExp(`\`${option}\` option to be absent where \`transport\` is given`),
    })
  }
  const needy = { ...transport, needsBodyLength: true }
  assert.throws(() => settings({ root: folder, transport: needy, chunkedBody: 'stream' }), {
    message: /the transport needs the length of a body/,
  })
  assert.ok(settings({ root: folder, transport: needy }))
})

void t.test(
  'ENV-3 a transport that does not inherit the environment has no variable of the process',
  async () => {
    const transport = { open: () => Promise.reject(new Error()), close: () => Promise.resolve() }
    const remote = { ...transport, inheritsEnvironment: false }
    assert.deepEqual(createSettings({ root: folder, transport: remote }).inherited, {})
    assert.ok('PATH' in createSettings({ root: folder, transport }).inherited)
  },
)

void t.test(
  'OPT-1 options about files are refused where a transport finds the scripts',
  async () => {
    const transport = {
      open: () => Promise.reject(new Error()),
      close: () => Promise.resolve(),
      finder: { find: () => null },
    }
    const own = {
      root: folder,
      allowMissingRoot: true,
      script: process.execPath,
      extensions: ['.cgi'],
      otherFiles: 'send',
      fallback: 'a.cgi',
      linkRoots: [folder],
      index: ['index.cgi'],
      dotfiles: 'allow',
      interpreters: { '.cgi': 'sh' },
      fallbackInterpreters: { '.cgi': 'sh' },
      documentRoot: folder,
    }
    for (const [option, value] of Object.entries(own)) {
      assert.throws(() => settings({ transport, [option]: value }), {
        code: 'CGI_ERR_INVALID_OPTION',
        message: new RegExp(
          `\`${option}\` option to be absent where \`transport\` finds the scripts`,
        ),
      })
    }
    const { source, documentRoot } = createSettings({ transport })
    assert.deepEqual(source, { type: 'transport', finder: transport.finder })
    assert.equal(documentRoot, undefined)
  },
)

void t.test('OPT-1 `maxProcesses` is refused where a transport has slots of its own', async () => {
  const transport = {
    open: () => Promise.reject(new Error()),
    close: () => Promise.resolve(),
    slots: new CountedSlots(1),
  }
  assert.ok(settings({ root: folder, transport, maxQueue: 1, queueTimeout: 1 }))
  assert.throws(() => settings({ root: folder, transport, maxProcesses: 1 }), {
    message: /`maxProcesses` option to be absent where `transport` has slots of its own/,
  })
})

void t.test('OPT-1 the parts of a transport must have their methods', async () => {
  const transport = { open: () => {}, close: () => {} }
  for (const part of [
    { finder: {} },
    { finder: 1 },
    { slots: { take: () => {} } },
    { slots: null },
  ]) {
    assert.throws(() => settings({ transport: { ...transport, ...part } }), {
      code: 'CGI_ERR_INVALID_OPTION',
      message: /`transport` option to be an object with the methods `open` and `close`/,
    })
  }
})

void t.test('OPT-1 `script` need not be executable where the transport says so', async () => {
  const transport = { open: () => Promise.reject(new Error()), close: () => Promise.resolve() }
  const remote = { ...transport, needsExecutable: false }
  assert.deepEqual(createSettings({ script: file, transport: remote }).source, {
    type: 'script',
    file,
  })
  assertRefused({ script: file, transport }, 'script', `'${file}'`)
  assertRefused({ script: `${file}.missing`, transport: remote }, 'script', `'${file}.missing'`)
})

void t.test(
  'OPT-1 options of processes are refused where transports run every script',
  async () => {
    const transport = { open: () => Promise.reject(new Error()), close: () => Promise.resolve() }
    const remote = { ...transport, inheritsEnvironment: false, slots: new CountedSlots(1) }
    const finder = { find: () => null }
    const everywhere: readonly (readonly [where: string, options: object])[] = [
      [
        'a transport runs every script',
        { root: folder, extensions: ['.x'], interpreters: { '.x': remote } },
      ],
      ['a transport runs every script', { script: `${file}.x`, interpreters: { '.x': remote } }],
      ['`script` is a transport', { script: { ...remote, finder } }],
    ]
    writeProgram(folder, 'plain.txt.x', 'text', 0o644)
    for (const [where, options] of everywhere) {
      assert.ok(settings(options))
      for (const [option, value] of Object.entries({
        user: 'nobody',
        cwd: folder,
        indexQuery: true,
      })) {
        assert.throws(() => settings({ ...options, [option]: value }), {
          code: 'CGI_ERR_INVALID_OPTION',
          message: new RegExp(`\`${option}\` option to be absent where ${where}`),
        })
      }
      assert.throws(() => settings({ ...options, maxProcesses: 1 }), {
        message: /`maxProcesses` option to be absent where the transport has slots of its own/,
      })
      assert.throws(() => settings({ ...options, inheritEnv: ['HOME'] }), {
        message: /`inheritEnv` option to be absent where no script gets variables of this process/,
      })
    }
    const mixed = { root: folder, interpreters: { '.x': remote }, cwd: folder, maxProcesses: 1 }
    assert.ok(settings({ ...mixed, inheritEnv: ['HOME'], indexQuery: true }))
    assert.ok(settings({ ...mixed, extensions: ['.x', '.cgi'] }))
    const needy = { ...remote, needsBodyLength: true }
    assert.throws(
      () => settings({ root: folder, interpreters: { '.x': needy }, chunkedBody: 'stream' }),
      { message: /the transport needs the length of a body/ },
    )
  },
)

void t.test('OPT-1 a transport that does not suit its option is refused', async () => {
  const transport = { open: () => Promise.reject(new Error()), close: () => Promise.resolve() }
  const finder = { find: () => null }
  assertRefused({ script: transport }, 'script', undefined)
  assertRefused({ script: { ...transport, finder }, root: folder }, 'root', `'${folder}'`)
  assertRefused({ script: { ...transport, finder }, transport }, 'transport', undefined)
  assertRefused(
    { root: folder, interpreters: { '.x': { ...transport, finder } } },
    `interpreters['.x']`,
    undefined,
  )
  assertRefused(
    { root: folder, interpreters: { '.x': { open() {} } } },
    `interpreters['.x']`,
    undefined,
  )
})

void t.test('OPT-1 a factory whose transport is none, or that throws, is refused', async () => {
  const own = new CgiError('CGI_ERR_INVALID_OPTION', {}, 'Expected the `address` option')
  const factories: readonly (readonly [message: RegExp, createTransport: () => unknown])[] = [
    [/`transport` option to be a factory whose `createTransport\(\)` returns a transport/, () => 1],
    [
      /The transport of the `transport` option cannot be created: TypeError: no/,
      () => {
        throw new TypeError('no')
      },
    ],
    [
      /Expected the `address` option/,
      () => {
        throw own
      },
    ],
  ]
  for (const [message, createTransport] of factories) {
    assert.throws(() => settings({ root: folder, transport: { createTransport } }), {
      code: 'CGI_ERR_INVALID_OPTION',
      message,
    })
  }
})

void t.test('OPT-1 the options that are known are those that have a type', async () => {
  assert.deepEqual([...OPTION_NAMES].toSorted(), Object.keys(REFUSED).toSorted())
})

const WRONG: readonly [
  options: Record<string, unknown>,
  option: string,
  shown: string,
  why: string,
][] = [
  [{ root: path.join(folder, 'missing') }, 'root', `'${folder}/missing'`, 'no such folder'],
  [{ root: file }, 'root', `'${file}'`, 'a file'],
  [{ root: `${file}/x` }, 'root', `'${file}/x'`, 'below a file'],
  [{ root: `${folder}/circle` }, 'root', `'${folder}/circle'`, 'a link to itself'],
  [{ root: 'n'.repeat(300) }, 'root', `'${'n'.repeat(300)}'`, 'a name too long'],
  [{ root: folder, documentRoot: file }, 'documentRoot', `'${file}'`, 'a file'],
  [
    { root: folder, documentRoot: `${folder}/circle` },
    'documentRoot',
    `'${folder}/circle'`,
    'a link to itself',
  ],
  [
    { root: folder, sendfileRoots: [folder, file] },
    'sendfileRoots',
    JSON.stringify([folder, file]),
    'a file among them',
  ],
  [{ root: folder, cwd: `${folder}/missing` }, 'cwd', `'${folder}/missing'`, 'no such folder'],
  [{ root: folder, script: program }, 'script', `'${program}'`, 'root is given, too'],
  [{ script: `${folder}/missing` }, 'script', `'${folder}/missing'`, 'no such file'],
  [{ script: folder }, 'script', `'${folder}'`, 'a folder'],
  [{ script: file }, 'script', `'${file}'`, 'not executable'],
  [{ script: python }, 'script', `'${python}'`, 'not executable, and without its interpreter'],
  [
    { script: python, interpreters: { '.cgi': '/bin/sh' } },
    'script',
    `'${python}'`,
    'the interpreter of another',
  ],
  [
    { script: `${folder}/missing.py`, interpreters: { '.py': '/bin/sh' } },
    'script',
    `'${folder}/missing.py'`,
    'nothing to interpret',
  ],
  [{ prefix: 'cgi-bin' }, 'prefix', `'cgi-bin'`, 'no slash first'],
  [{ prefix: '/a b' }, 'prefix', `'/a b'`, 'a blank'],
  [{ prefix: '/a?b' }, 'prefix', `'/a?b'`, 'a query'],
  [{ prefix: '/a#b' }, 'prefix', `'/a#b'`, 'a fragment'],
  [{ prefix: '/%63gi' }, 'prefix', `'/%63gi'`, 'an escape'],
  [{ prefix: '/a//b' }, 'prefix', `'/a//b'`, 'an empty segment'],
  [{ prefix: '//' }, 'prefix', `'//'`, 'empty segments'],
  [
    { fallbackInterpreters: { py: '/bin/sh' } },
    `fallbackInterpreters['py']`,
    `'/bin/sh'`,
    'no dot',
  ],
  [
    { interpreters: { py: '/bin/sh' } },
    `interpreters['py']`,
    `'/bin/sh'`,
    'an extension without its dot',
  ],
  [{ interpreters: { '': '/bin/sh' } }, `interpreters['']`, `'/bin/sh'`, 'no extension'],
  [{ interpreters: { '.': '/bin/sh' } }, `interpreters['.']`, `'/bin/sh'`, 'a dot alone'],
  [
    { interpreters: { '.tar.gz': '/bin/sh' } },
    `interpreters['.tar.gz']`,
    `'/bin/sh'`,
    'two of them: never the last',
  ],
  [{ interpreters: { './py': '/bin/sh' } }, `interpreters['./py']`, `'/bin/sh'`, 'a path'],
  [
    { interpreters: { '.py': 'no-such-program' } },
    `interpreters['.py']`,
    `'no-such-program'`,
    'not in PATH',
  ],
  [
    { interpreters: { '.py': `${folder}/missing` } },
    `interpreters['.py']`,
    `'${folder}/missing'`,
    'no such file',
  ],
  [{ interpreters: { '.py': folder } }, `interpreters['.py']`, `'${folder}'`, 'a folder'],
  [{ interpreters: { '.py': file } }, `interpreters['.py']`, `'${file}'`, 'not executable'],
  [{ interpreters: { '.py': '' } }, `interpreters['.py']`, `''`, 'no name'],
  [{ interpreters: { '.py': [] } }, `interpreters['.py']`, '[]', 'no program'],
  [{ interpreters: { '.py': [[]] } }, `interpreters['.py']`, '[[]]', 'a list for a program'],
  [
    { interpreters: { '.py': ['/bin/sh', 7] } },
    `interpreters['.py']`,
    '["/bin/sh",7]',
    'a number for an argument',
  ],
  [
    { interpreters: { '.py': ['/bin/sh', 'a\0b'] } },
    `interpreters['.py']`,
    '["/bin/sh","a\\u0000b"]',
    'NUL in an argument',
  ],
  [{ interpreters: { '.py': null } }, `interpreters['.py']`, 'null', 'nothing'],
  [{ interpreters: { '.py': 7 } }, `interpreters['.py']`, '7', 'a number'],
  [{ index: ['a/b'] }, 'index', '["a/b"]', 'a path'],
  [{ index: ['a\\b'] }, 'index', '["a\\\\b"]', 'a path elsewhere'],
  [{ index: ['..'] }, 'index', '[".."]', 'the folder above'],
  [{ index: ['.'] }, 'index', '["."]', 'the folder'],
  [{ index: ['a', 7] }, 'index', '["a",7]', 'a number among names'],
  [{ dotfiles: 'deny' }, 'dotfiles', `'deny'`, 'a value of others'],
  [{ dotfiles: 'Allow' }, 'dotfiles', `'Allow'`, 'in upper case'],
  [{ encodedSlashes: 'ignore' }, 'encodedSlashes', `'ignore'`, 'a value of another option'],
  [{ underscoreHeaders: 'deny' }, 'underscoreHeaders', `'deny'`, 'a value of another option'],
  [{ spawner: 'fork' }, 'spawner', `'fork'`, 'no such way'],
  [{ chunkedBody: 'memory' }, 'chunkedBody', `'memory'`, 'no such way'],
  [{ methods: [] }, 'methods', '[]', 'none'],
  [{ methods: ['get'] }, 'methods', '["get"]', 'lower case: methods are case-sensitive'],
  [{ methods: ['GET', 'TRACE'] }, 'methods', '["GET","TRACE"]', 'MAP-7: TRACE'],
  [{ methods: ['CONNECT'] }, 'methods', '["CONNECT"]', 'MAP-7: CONNECT'],
  [{ methods: ['GET POST'] }, 'methods', '["GET POST"]', 'no token'],
  [{ methods: new Set(['GET']) }, 'methods', '{}', 'no array'],
  [{ env: { 'A=B': 'c' } }, 'env', '{"A=B":"c"}', 'ENV-3: = in a name'],
  [{ env: { 'A\0': 'c' } }, 'env', '{"A\\u0000":"c"}', 'ENV-3: NUL in a name'],
  [{ env: { A: 'b\0' } }, 'env', '{"A":"b\\u0000"}', 'ENV-3: NUL in a value'],
  [{ env: { '': 'b' } }, 'env', '{"":"b"}', 'no name'],
  [{ env: { A: 7 } }, 'env', '{"A":7}', 'a number'],
  [{ env: { A: null } }, 'env', '{"A":null}', 'nothing'],
  [{ maxProcesses: 0 }, 'maxProcesses', '0', 'no script would ever run'],
  [{ maxHeaderSize: 0 }, 'maxHeaderSize', '0', 'no header would ever be read'],
  [{ headersTimeout: 2 ** 31 }, 'headersTimeout', '2147483648', 'Node would take 1 ms for it'],
  [{ queueTimeout: 2 ** 31 }, 'queueTimeout', '2147483648', 'Node would take 1 ms for it'],
  [{ cpuTimeLimit: 2 ** 31 }, 'cpuTimeLimit', '2147483648', 'more than a time can be'],
  [{ user: 2 ** 32 - 1 }, 'user', '4294967295', 'the number that is none'],
  [{ group: 2 ** 32 - 1 }, 'group', '4294967295', 'the number that is none'],
  [{ nice: 20 }, 'nice', '20', 'more than there is'],
  [{ nice: -21 }, 'nice', '-21', 'less than there is'],
  [{ logger: { warn() {} } }, 'logger', '{}', 'half of one'],
  [{ logger: { warn: true, error: true } }, 'logger', '{"warn":true,"error":true}', 'no methods'],
  [{ rot: folder }, 'rot', `'${folder}'`, 'a slip of the pen'],
  [{ Root: folder }, 'Root', `'${folder}'`, 'upper case'],
  [{ toString: folder }, 'toString', `'${folder}'`, 'a name that every object has'],
  [{ constructor: folder }, 'constructor', `'${folder}'`, 'a name that every object has'],
  [{ unknown: undefined }, 'unknown', 'undefined', 'unknown, even with no value'],
]

for (const [options, option, shown, why] of WRONG) {
  void t.test(`OPT-1 ${option} is refused: ${why}`, async () => {
    const hasSource = 'root' in options || 'script' in options
    assertRefused(hasSource ? options : { root: folder, ...options }, option, shown)
  })
}

void t.test('OPT-1 the error for an option unlike any other lists the known ones', async () => {
  assert.throws(
    () => settings({ somethingElse: folder }),
    (error: CgiError) => {
      return OPTION_NAMES.every((name) => error.message.includes(name))
    },
  )
})

void t.test('OPT-1 options that are no object are refused', async () => {
  for (const options of [null, 'root', 7, true, () => {}, undefined]) {
    assert.throws(() => settings(options), { code: 'CGI_ERR_INVALID_OPTION' }, String(options))
  }
})

const RIGHT: readonly Record<string, unknown>[] = [
  { prefix: '/' },
  { prefix: '/a/b-c_d.e~é/' },
  { extensions: [] },
  { extensions: ['.php', '.PHP', '.cgi'], otherFiles: 'send' },
  { linkRoots: [] },
  { linkRoots: ['/', folder] },
  { index: [] },
  { index: ['index.cgi', '.index', '...', 'a b'] },
  { methods: ['GET', 'M-SEARCH', 'TRACEPATH'] },
  { env: {} },
  { env: { A: '', 'a.b': 'x=y', é: '\n' } },
  { inheritEnv: [] },
  { bodyLimit: 0 },
  { bodyLimit: Number.MAX_SAFE_INTEGER },
  { maxHeaderSize: 1 },
  { headersTimeout: 0, bodyTimeout: 0, requestTimeout: 0, queueTimeout: 0 },
  { minRate: 0 },
  { killTimeout: 0, lingerTimeout: 0, closeTimeout: 2 ** 31 - 1 },
  { maxProcesses: 1, maxQueue: 0 },
  { cpuTimeLimit: 0, memoryLimit: 0, openFileLimit: 0, fileSizeLimit: 0 },
  { cpuTimeLimit: 1, memoryLimit: 1, openFileLimit: 1, fileSizeLimit: 1 },
  { user: 'www-data', group: 0, nice: -20 },
  { user: 2 ** 32 - 2, group: 'mail', nice: 19 },
  { logger: console },
]

void t.test('OPT-1 values at the border of their rules are taken', async () => {
  for (const options of RIGHT) assert.ok(settings({ root: folder, ...options }))
})

void t.test('OPT-2 an option without a value is as if it had not been given', async () => {
  const none = Object.fromEntries(OPTION_NAMES.map((name) => [name, undefined]))
  assert.deepEqual(settings({ ...none, root: folder }), settings({ root: folder }))
})

void t.test('OPT-2 the defaults are those of the contract', async () => {
  const expected: Partial<Record<keyof CgiOptions, unknown>> = {
    root: './cgi-bin',
    prefix: '/cgi-bin',
    index: [],
    otherFiles: 'deny',
    linkRoots: [],
    allowMissingRoot: false,
    interpreters: {},
    fallbackInterpreters: {},
    dotfiles: 'ignore',
    encodedSlashes: 'deny',
    inheritEnv: ['PATH'],
    passAuthorization: false,
    underscoreHeaders: 'ignore',
    indexQuery: false,
    nph: true,
    strict: false,
    sendfileRoots: [],
    chunkedBody: 'spool',
    spawner: 'auto',
    bodyLimit: 1_073_741_824,
    maxHeaderSize: 65_536,
    headersTimeout: 60_000,
    bodyTimeout: 300_000,
    minRate: 240,
    requestTimeout: 0,
    killTimeout: 5_000,
    lingerTimeout: 1_000,
    closeTimeout: 10_000,
    killOnDisconnect: true,
    maxProcesses: 8 * availableParallelism(),
    maxQueue: 1_024,
    queueTimeout: 30_000,
    cpuTimeLimit: 0,
    memoryLimit: 0,
    openFileLimit: 0,
    fileSizeLimit: 0,
  }
  assert.deepEqual(DEFAULTS, expected)
  const made = settings({ root: folder })
  for (const [name, value] of Object.entries(expected)) {
    if (/^(?:root|inheritEnv|.*interpreters)$/i.test(name)) continue
    // The others have the same name among the settings.
    assert.deepEqual(made[name as keyof typeof made], value, name)
  }
  assert.equal(made.interpreters.size, 0)
  assert.equal(made.fallbackInterpreters.size, 0)
  assert.equal(made.methods, undefined)
  assert.equal(made.cwd, undefined)
  assert.equal(made.authenticate, undefined)
  assert.equal(made.env, undefined)
  assert.equal(made.user, undefined)
  assert.equal(made.group, undefined)
  assert.equal(made.nice, undefined)
})

void t.test('OPT-2 errorPage is on by default unless NODE_ENV is production', async (t) => {
  const { NODE_ENV } = process.env
  t.after(() => {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = NODE_ENV
  })
  process.env['NODE_ENV'] = 'production'
  assert.equal(settings({ root: folder }).errorPage, false)
  assert.equal(settings({ root: folder, errorPage: true }).errorPage, true)
  process.env['NODE_ENV'] = 'test'
  assert.equal(settings({ root: folder }).errorPage, true)
  assert.equal(settings({ root: folder, errorPage: false }).errorPage, false)
  delete process.env['NODE_ENV']
  assert.equal(settings({ root: folder }).errorPage, true)
})

void t.test('OPT-2 the default root is ./cgi-bin where the host was started', async (t) => {
  const before = process.cwd()
  t.after(() => process.chdir(before))
  process.chdir(folder)
  assertRefused({}, 'root', `'./cgi-bin'`)
  writeProgram(folder, 'cgi-bin/a.cgi', '')
  assert.deepEqual(settings({}).source, { type: 'root', folder: `${folder}/cgi-bin` })
  assert.deepEqual(settings({ root: 'cgi-bin/' }).source, {
    type: 'root',
    folder: `${folder}/cgi-bin`,
  })
  assert.deepEqual(settings({ script: 'program.cgi' }).source, { type: 'script', file: program })
  assert.equal(settings({ root: '.', cwd: 'bin' }).cwd, `${folder}/bin`)
  assert.equal(settings({ root: '.', documentRoot: 'bin' }).documentRoot, `${folder}/bin`)
})

void t.test('ENV-1 documentRoot is the root, or the folder of the one script', async () => {
  assert.equal(settings({ root: folder }).documentRoot, folder)
  assert.equal(settings({ script: program }).documentRoot, folder)
})

void t.test(
  'MAP-6 one script needs no execute permission where it has an interpreter',
  async () => {
    const made = settings({ script: python, interpreters: { '.py': '/bin/sh' } })
    assert.deepEqual(made.source, { type: 'script', file: python })
  },
)

void t.test('OPT-1 a prefix has no slash at its end', async () => {
  assert.equal(settings({ root: folder, prefix: '/a/b/' }).prefix, '/a/b')
  assert.equal(settings({ root: folder, prefix: '/' }).prefix, '')
})

/** Sets the host's own environment for one test. */
function setEnvironment(t: Test, variables: Record<string, string | undefined>): void {
  const before = { ...process.env }
  t.after(() => {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}

t.beforeEach(() => chmodSync(other, 0o755))

void t.test('OPT-1 an interpreter without a slash is looked up in PATH, once', async (t) => {
  setEnvironment(t, {
    PATH: `${folder}/missing:${folder}/first:${folder}/bin:${folder}/not-in-bin`,
  })
  const interpreters = { '.py': 'other', '.pl': ['other', '-x', ''], '.sh': hidden }
  const made = settings({ root: folder, interpreters })
  process.env['PATH'] = '/nowhere'
  assert.deepEqual(
    [...made.interpreters],
    [
      ['.py', [other]],
      ['.pl', [other, '-x', '']],
      ['.sh', [hidden]],
    ],
  )
  assertRefused(
    { root: folder, interpreters: { '.py': 'other' } },
    `interpreters['.py']`,
    `'other'`,
  )
})

void t.test('OPT-1 an interpreter in PATH that cannot be run is passed over', async (t) => {
  setEnvironment(t, { PATH: `${folder}/bin:${folder}/not-in-bin` })
  chmodSync(other, 0o644)
  const made = settings({ root: folder, interpreters: { '.py': 'other' } })
  assert.deepEqual(made.interpreters.get('.py'), [hidden])
})

void t.test(
  'OPT-1 an interpreter with a slash is relative to where the host was started',
  async (t) => {
    const before = process.cwd()
    t.after(() => process.chdir(before))
    process.chdir(folder)
    const made = settings({ root: folder, interpreters: { '.py': 'bin/other' } })
    assert.deepEqual(made.interpreters.get('.py'), [other])
  },
)

void t.test(
  'OPT-1 without a PATH an interpreter is looked for where scripts would, not in the folder of the host',
  async (t) => {
    const before = process.cwd()
    t.after(() => process.chdir(before))
    setEnvironment(t, { PATH: undefined })
    process.chdir(path.join(folder, 'bin'))
    assertRefused(
      { root: folder, interpreters: { '.py': 'other' } },
      `interpreters['.py']`,
      `'other'`,
    )
    const made = settings({ root: folder, interpreters: { '.sh': 'sh' } })
    const shell = made.interpreters.get('.sh')
    assert.ok(Array.isArray(shell))
    assert.match(String(shell[0]), /^\/(?:usr\/)?(?:local\/)?bin\/sh$/)
  },
)

void t.test(
  'ENV-3 nothing of the host is inherited but PATH and the folders of libraries',
  async (t) => {
    setEnvironment(t, {
      PATH: '/usr/bin',
      LD_LIBRARY_PATH: '/opt/lib',
      DYLD_LIBRARY_PATH: undefined,
      LD_PRELOAD: '/opt/evil.so',
      SECRET: 'secret',
      LANG: 'C',
      HTTP_PROXY: 'http://proxy.example/',
    })
    assert.deepEqual(settings({ root: folder }).inherited, {
      PATH: '/usr/bin',
      LD_LIBRARY_PATH: '/opt/lib',
    })
  },
)

void t.test(
  'ENV-3 inheritEnv names what is inherited beside PATH, as it was when the gateway was made',
  async (t) => {
    setEnvironment(t, {
      PATH: '/usr/bin',
      LD_LIBRARY_PATH: undefined,
      DYLD_LIBRARY_PATH: undefined,
      TZ: 'Asia/Tokyo',
      LANG: 'C',
      MISSING: undefined,
      EMPTY: '',
    })
    const { inherited } = settings({ root: folder, inheritEnv: ['LANG', 'MISSING', 'EMPTY'] })
    process.env['LANG'] = 'de_DE'
    assert.deepEqual(inherited, { PATH: '/usr/bin', TZ: 'Asia/Tokyo', LANG: 'C', EMPTY: '' })
  },
)

void t.test('ENV-3 scripts have a PATH even where the host has none', async (t) => {
  setEnvironment(t, { PATH: undefined })
  assert.match(settings({ root: folder, inheritEnv: [] }).inherited['PATH'] ?? '', /\/usr\/bin/)
})

void t.test('OPT-1 a folder that is a link, and a program that is one, are taken', async () => {
  symlinkSync(folder, path.join(folder, 'link-to-folder'))
  symlinkSync(program, path.join(folder, 'link-to-program'))
  assert.ok(settings({ root: path.join(folder, 'link-to-folder') }))
  assert.ok(settings({ script: path.join(folder, 'link-to-program') }))
})
