import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { open, type Receiving } from './client.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { isRunning } from './processes.js'

export const BOUNDED = { timeout: 60_000 }

/** The hosts of README: none listens to a signal. */
export const APPLICATIONS = {
  'Fastify 5': (options: string) => `
    const fastify = Fastify()
    await fastify.register(fastifyCgi, ${options})
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    console.log(fastify.server.address().port)`,
  'Express 5': (options: string) => `
    const app = express()
    app.use(cgi(${options}))
    const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))`,
  'node:http': (options: string) => `
    const gateway = cgi(${options})
    const server = createServer((request, response) => {
      gateway(request, response, (error) => response.writeHead(error?.statusCode ?? 404).end())
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`,
} as const

export const SPAWNERS = ['posix_spawn', 'child_process'] as const
export const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

/** A host of node:http, with more text. */
export const plain = (spawner: string, more = '', before = ''): string =>
  `${before}\n${APPLICATIONS['node:http'](`{ root, spawner: '${spawner}', logger: { warn() {}, error() {} } }`)}\n${more}`

const folder = createTemporaryFolder(t)
let hosts = 0

/** A script that writes its pid and its child's, and stays. */
writeProgram(
  folder,
  'cgi-bin/wait.cgi',
  `#!/bin/sh
sleep 1000 &
printf 'Content-Type: text/plain\\n\\n%s %s\\n' "$$" "$!"
wait
`,
)
/** One that says so, too, and ends well when its input does. */
writeProgram(
  folder,
  'cgi-bin/finish.cgi',
  `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s\\n' "$$" "$$"
cat > /dev/null
echo finished
`,
)

/** Where the scripts of these hosts are. */
export const ROOT = path.join(folder, 'cgi-bin')

/** An application in a process of its own. */
export interface EndingHost {
  readonly pid: number
  readonly port: number
  /** How it ends. */
  readonly ended: Promise<readonly [exitCode: number | null, signal: string | null]>
  /** The next line that it prints. */
  nextLine(): Promise<string>
  /** The file that it is made of. */
  readonly file: string
  kill(signal: NodeJS.Signals): void
}

/** What makes the host a process. */
export interface HostSetup {
  /** Words before the file, for Node. */
  readonly nodeArguments?: readonly string[]
  /** A program that becomes Node. */
  readonly through?: readonly string[]
}

/** All that the texts import. */
const IMPORTS = {
  '{ createServer }': 'node:http',
  process: 'node:process',
  cgi: import.meta.resolve('@common-gateway/express'),
  '{ fastcgi }': import.meta.resolve('@common-gateway/fastcgi'),
  fastifyCgi: import.meta.resolve('@common-gateway/fastify'),
  express: import.meta.resolve('express'),
  Fastify: import.meta.resolve('fastify'),
}

/** What a text begins with: what it imports, since to load all of it takes longer than most tests, and `root`. */
function preambleOf(text: string): string {
  const imports = Object.entries(IMPORTS)
    .filter(([names]) => new RegExp(`\\b${names.replace(/[{} ]/g, '')}\\b`).test(text))
    .map(([names, specifier]) => `import ${names} from ${JSON.stringify(specifier)}\n`)
  return `${imports.join('')}const root = ${JSON.stringify(ROOT)}\n`
}

/** Starts an application, whose text prints its port when it listens. It is killed when the test has ended. */
export async function startEndingHost(
  t: Test,
  text: string,
  { nodeArguments = [], through = [] }: HostSetup = {},
): Promise<EndingHost> {
  const file = path.join(folder, `host-${(hosts += 1)}.mjs`)
  writeFileSync(file, preambleOf(text) + text)
  const [program, ...args] = [...through, process.execPath, ...nodeArguments, file]
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const { pid } = child
  assert.ok(pid)
  // What once() resolves with for 'exit'.
  const ended = once(child, 'exit') as unknown as EndingHost['ended']
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines = readLines(child.stdout)
  const nextLine = async (): Promise<string> => {
    const { value } = await lines.next()
    assert.ok(typeof value === 'string', 'the host has ended')
    return value
  }
  const port = Number(await nextLine())
  return { pid, port, ended, nextLine, file, kill: (signal) => void child.kill(signal) }
}

async function* readLines(stream: AsyncIterable<unknown>): AsyncGenerator<string, void> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    yield* lines
  }
}

/** A script of a host that runs, and its child. */
export interface HostedScript {
  readonly pids: readonly number[]
  readonly response: Receiving
}

/** Has a host run a script, which is killed when the test has ended, if it is still there. */
export async function startHostedScript(
  t: Test,
  port: number,
  name = 'wait.cgi',
  sending: Parameters<typeof open>[2] = {},
): Promise<HostedScript> {
  const response = await open(port, `/cgi-bin/${name}`, sending)
  // The host goes before its answer is whole.
  response.on('error', () => {})
  const [line] = (await once(response, 'data')) as [Buffer]
  const pids = String(line).trim().split(' ').map(Number)
  assert.equal(pids.length, 2)
  t.after(() => {
    for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL')
  })
  return { pids, response }
}
