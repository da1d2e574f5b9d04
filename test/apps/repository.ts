import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { run } from './programs.js'

/** A commit to be made. */
export interface Commit {
  readonly message: string
  /** Contents by path; the other files stay as they are. */
  readonly files: Readonly<Record<string, string | Buffer>>
}

/** How to run git. */
export interface GitOptions {
  readonly signal: AbortSignal
  readonly cwd?: string
  readonly input?: Buffer
  /** Settings for this one command: `http.proxy=`. */
  readonly config?: readonly string[]
  /** Variables beyond those that keep the machine's own configuration out. */
  readonly env?: Readonly<Record<string, string>>
}

/** Variables that make git the same on every machine. `home` is an empty folder. */
export function gitEnvironment(home: string): Record<string, string> {
  return { HOME: home, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' }
}

/** The git client, in a world of its own. */
export class Git {
  readonly #home: string

  /** @param home - an empty folder. */
  constructor(home: string) {
    this.#home = home
  }

  /** Runs git and returns what it printed, trimmed. @throws where git fails. */
  async run(
    args: readonly string[],
    { config = [], env, ...options }: GitOptions,
  ): Promise<string> {
    const { PATH = '' } = process.env
    const environment = { PATH, ...gitEnvironment(this.#home), ...env }
    const all = [
      ...['core.compression=0', ...config].flatMap((setting) => ['-c', setting]),
      ...args,
    ]
    return (await run('git', all, { ...options, env: environment })).toString().trim()
  }

  /** Makes a bare repository with one branch, `main`. */
  async createRepository(
    repository: string,
    commits: readonly Commit[],
    signal: AbortSignal,
  ): Promise<void> {
    await mkdir(path.dirname(repository), { recursive: true })
    const init = ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', repository]
    await this.run(init, { signal })
    await this.commit(repository, 'main', commits, signal)
  }

  /** Makes commits on top of a branch, or a branch of them, and returns the id of the last. */
  async commit(
    repository: string,
    branch: string,
    commits: readonly Commit[],
    signal: AbortSignal,
  ): Promise<string> {
    const options = { cwd: repository, signal }
    const tips = await this.run(['for-each-ref', '--format=%(refname)', 'refs/heads'], options)
    const parent = [`refs/heads/${branch}`, 'refs/heads/main'].find((ref) =>
      tips.split('\n').includes(ref),
    )
    const input = toImportStream(`refs/heads/${branch}`, parent, commits)
    await this.run(['fast-import', '--quiet'], { ...options, input })
    return this.run(['rev-parse', branch], options)
  }
}

/** Input of git-fast-import(1). */
function toImportStream(
  ref: string,
  parent: string | undefined,
  commits: readonly Commit[],
): Buffer {
  const parts: (string | Buffer)[] = []
  for (const [index, { message, files }] of commits.entries()) {
    parts.push(`commit ${ref}\ncommitter Ada <ada@example.org> ${1_700_000_000 + index} +0000\n`)
    parts.push(...data(message))
    if (index === 0 && parent !== undefined) parts.push(`from ${parent}^0\n`)
    for (const [name, content] of Object.entries(files)) {
      parts.push(`M 100644 inline ${name}\n`, ...data(content))
    }
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)))
}

function data(content: string | Buffer): (string | Buffer)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n']
}
