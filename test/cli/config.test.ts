import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { send } from '../support/client.js'
import { Command, NO_HANG } from './command.js'
import { printConfig, refuse } from './refused-call.js'
import { createSite } from './site.js'
import { serveArguments } from './served-folder.js'

const VARIABLES = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s' "$ONE" "$TWO"
`

interface Report {
  readonly config: Readonly<Record<string, unknown>>
  readonly from: Readonly<Record<string, string>>
  readonly file: string | null
  readonly defaultInterpreters: Readonly<Record<string, string | null>>
}

/** What the command says of its settings, for arguments that are given in this folder. */
async function report(folder: string, ...args: string[]): Promise<Report> {
  // What it prints is a report.
  return JSON.parse(await printConfig(args, folder)) as Report
}

void t.test('a file has the names of the flags, and the command line wins', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'common-gateway.config.json': JSON.stringify({
      port: 0,
      bind: 'localhost',
      'cgi-dir': ['cgi-bin', '/tools=tools'],
      interpreter: { '.x': 'sh -e', '.y': ['sh', '-c'] },
      script: { '/tree': 'tools/tree.sh' },
      env: { ONE: '1', TWO: '2' },
      'max-processes': 3,
      timeout: '1.5s',
      'watch-errors': false,
      status: false,
      log: 'json',
    }),
    'public/index.html': 'page',
    'public/cgi-bin/variables.sh': VARIABLES,
    'tools/cgi-bin/tree.sh': VARIABLES,
    'tools/tree.sh': '',
  })
  const args = ['public', '--env', 'TWO=zwei', '--log', 'text', '--timeout', '2m']
  const { config, from, file } = await report(folder, ...args)
  const configFile = path.join(folder, 'common-gateway.config.json')
  assert.equal(file, configFile)
  assert.deepEqual(config, {
    directory: path.join(folder, 'public'),
    port: 0,
    bind: 'localhost',
    'cgi-dir': ['cgi-bin', `/tools=${path.join(folder, 'tools')}`],
    interpreter: { '.x': ['sh', '-e'], '.y': ['sh', '-c'] },
    script: { '/tree': path.join(folder, 'tools/tree.sh') },
    env: { ONE: '1', TWO: 'zwei' },
    'max-processes': 3,
    timeout: '120000ms',
    'watch-errors': 'off',
    status: false,
    log: 'text',
  })
  const line = 'the command line'
  assert.deepEqual([from['directory'], from['timeout'], from['port']], [line, line, configFile])

  // What is printed is itself a file of settings.
  const copied = createSite(t, { 'copy.json': JSON.stringify(config) })
  assert.deepEqual((await report(copied, '--config', 'copy.json')).config, config)

  const command = await serveArguments(t, args, { cwd: folder })
  const { port } = command
  await command.outputs(/Settings come from .+common-gateway\.config\.json\.$/)
  assert.equal((await send(port, '/cgi-bin/variables.sh')).text, '1 zwei')
  assert.equal((await send(port, '/tools/cgi-bin/tree.sh')).text, '1 zwei')
})

void t.test('a file can be a program that lies elsewhere', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'common-gateway.config.js': `export default { maxProcesses: 1 + 1, cgiDir: 'scripts' }`,
    'public/index.html': 'page',
  })
  const { config } = await report(folder, 'public')
  assert.deepEqual([config['max-processes'], config['cgi-dir']], [2, ['scripts']])
})

void t.test(
  'a file in the folder that is served is not run, nor read unless it is named',
  NO_HANG,
  async (t) => {
    const js = `import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')\nexport default {}`
    const folder = createSite(t, {
      'common-gateway.config.js': js,
      'common-gateway.config.json': '{}',
      'sub/index.html': 'page',
    })
    const { config, file } = await report(folder)
    assert.deepEqual([config['port'], file], [8000, null])
    const command = await serveArguments(t, ['0'], { cwd: folder })
    await command.outputs(/config\.js is in the served folder and is not read; --config/)
    const { port } = command
    for (const each of ['js', 'json']) {
      assert.equal((await send(port, `/common-gateway.config.${each}`)).status, 404)
    }
    assert.ok(!(await send(port, '/')).text.includes('config'))
    assert.equal((await send(port, '/ran')).status, 404)

    const json = createSite(t, {
      'common-gateway.config.json': '\ufeff{"port": 9}',
      'page.html': 'page',
    })
    assert.equal((await report(json)).config['port'], 8000)
    const named = await report(json, '--config', 'common-gateway.config.json')
    assert.equal(named.config['port'], 9)
    // Whoever names a program has it run.
    await report(folder, '--config', 'common-gateway.config.js')
    assert.equal((await send(port, '/ran')).status, 200)
  },
)

void t.test('what is wrong in a file is named with the file and the key', NO_HANG, async (t) => {
  const cases: [content: string, code: number, named: RegExp][] = [
    ['{"port": "http"}', 2, /"port" in site\.json must be a whole number .+, but got 'http'/],
    ['{"port": true}', 2, /"port" in site\.json must be .+, but got true/],
    ['{"prot": 80}', 2, /"prot" in site\.json is not a setting; did you mean "port"\?/],
    [
      '{"colour": 80}',
      2,
      /"colour" in site\.json is not a setting; the settings are directory, port, /,
    ],
    ['{"env": ["A=B"]}', 2, /"env" in site\.json must be an object, but got \["A=B"\]/],
    ['{"env": {"A": 7}}', 2, /"env"\."A" in site\.json must be .+, but got '\{"A":7\}'/],
    ['{"cgi-dir": ["a", 7]}', 2, /"cgi-dir" in site\.json must be .+, but got 7/],
    ['[]', 2, /site\.json must hold an object/],
    ['{"port": 80,}', 1, /site\.json cannot be read: .+/],
  ]
  for (const [content, expected, named] of cases) {
    const folder = createSite(t, { 'site.json': content })
    const { code, message } = await refuse(['--config', 'site.json', '--print-config'], folder)
    assert.equal(code, expected, content)
    assert.match(message, named)
  }
  const programs: [content: string, code: number, named: RegExp][] = [
    ['throw new Error("no")', 1, /site\.mjs cannot be run: no$/],
    ['throw Object.create(null)', 1, /site\.mjs cannot be run: \[Object: null prototype\] \{\}/],
    ['export default { get port() { throw new Error("no") } }', 1, /site\.mjs cannot be run: no$/],
    ['export default { port: 80n }', 2, /"port" in site\.mjs must be .+, but got 80n /],
    [
      'const a = {}; export default { env: { a: (a.a = a) } }',
      2,
      /"a" in site\.mjs must be .+, but/,
    ],
    ['const a = []; export default { env: (a[0] = a) }', 2, /must be an object, but got <ref \*1>/],
  ]
  for (const [content, expected, named] of programs) {
    // A folder for each: Node.js runs a module once.
    const folder = createSite(t, { 'public/a.html': '', 'site.mjs': content })
    const { code, message } = await refuse(['public', '--config', 'site.mjs'], folder)
    assert.equal(code, expected, content)
    assert.match(message, named)
  }
  const { code, message } = await refuse(['--config', 'other.json'])
  assert.equal(code, 1)
  assert.match(message, /there is no file 'other\.json', which --config names/)
})

void t.test('a file that never ends is named, and the exit code is 1', NO_HANG, async (t) => {
  for (const content of ['await new Promise(() => {})', 'export default new Promise(() => {})']) {
    const folder = createSite(t, { 'public/a.html': '', 'site.mjs': content })
    // In a process of its own: it ends because nothing is left to wait for.
    const args = ['public', '--config', 'site.mjs']
    const { code, output, errors } = await new Command(t, args, folder).ended
    assert.deepEqual([code, output], [1, ''], content)
    assert.match(
      errors,
      /^common-gateway: site\.mjs cannot be run: it awaits a promise that never settles\n$/,
    )
  }
})

void t.test(
  '--print-config tells what runs scripts that are not executable',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { 'page.html': 'page' })
    const { code, output, errors } = await new Command(t, ['--print-config'], folder).ended
    assert.deepEqual([code, errors], [0, ''])
    assert.equal(output, await printConfig([], folder))
    const { defaultInterpreters, from, config } = await report(folder)
    assert.deepEqual(Object.keys(defaultInterpreters), ['.py', '.pl', '.php', '.rb', '.sh', '.js'])
    assert.equal(defaultInterpreters['.js'], process.execPath)
    assert.deepEqual(Object.keys(from), Object.keys(config))
    assert.deepEqual([...new Set(Object.values(from))], ['default'])
  },
)
