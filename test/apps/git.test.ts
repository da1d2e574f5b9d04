import type { CgiOptions } from '@common-gateway/core'
import cgi from '@common-gateway/fastify'
import compress from '@fastify/compress'
import Fastify from 'fastify'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { type Adapter, adapters } from '../support/adapters.js'
import { makeFolder, NO_HANG, startAt } from './application.js'
import { gitHttpBackend, needs } from './programs.js'
import { type Commit, Git, gitEnvironment, type GitOptions } from './repository.js'

/** What every framework's request has. */
interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

interface Server {
  readonly url: string
  /** The bare repository that it serves. */
  readonly repository: string
  /** What git http-backend was run for. */
  readonly requests: readonly SeenRequest[]
}

const HISTORY = 40

function commits(count: number, file: string): Commit[] {
  return Array.from({ length: count }, (_, index) => ({
    message: `change ${index} of ${file}`,
    files: { [file]: `${index}\n` },
  }))
}

/** More than http.postBuffer, which is 1 MiB: git sends it in chunks. */
function largeCommit(): Commit {
  return { message: 'add a large file', files: { 'large.bin': randomBytes(2_500_000) } }
}

void t.test('git http-backend', { ...needs('git', 'git http-backend'), jobs: 2 }, async (t) => {
  const folder = makeFolder(t)
  const home = path.join(folder, 'home')
  const template = path.join(folder, 'template.git')
  const git = new Git(home)

  t.before(async () => {
    const signal = signalOf(t)

    await mkdir(home)
    await git.createRepository(template, commits(HISTORY, 'docs/Übersicht.txt'), signal)
    const allowPush = ['config', 'http.receivepack', 'true']
    await git.run(allowPush, { cwd: template, signal })
    await git.run(['config', 'core.logAllRefUpdates', 'true'], { cwd: template, signal })
  })

  async function serve(
    t: Test,
    adapter: Adapter,
    options: CgiOptions<never> = {},
  ): Promise<Server> {
    const projects = await mkdtemp(path.join(folder, 'projects-'))
    const repository = path.join(projects, 'project.git')
    await cp(template, repository, { recursive: true })
    const requests: SeenRequest[] = []
    const { origin } = await startAt(t, adapter, '/git', {
      script: gitHttpBackend(),
      env: ({ method, url, headers }: SeenRequest) => {
        requests.push({ method, url, headers })
        const project = { GIT_PROJECT_ROOT: projects, GIT_HTTP_EXPORT_ALL: '1' }
        return { ...gitEnvironment(home), ...project }
      },
      ...options,
    })
    return { url: `${origin}/git/project.git`, repository, requests }
  }

  /** Clones what a server has; returns the clone. */
  async function clone(
    { url }: Pick<Server, 'url'>,
    { depth, ...options }: GitOptions & { depth?: number },
  ): Promise<string> {
    const target = await mkdtemp(path.join(folder, 'clone-'))
    const shallow = depth === undefined ? [] : [`--depth=${depth}`]
    await git.run(['clone', '--quiet', ...shallow, url, target], options)
    return target
  }

  /** Pushes a large commit and sees to it that it has arrived. */
  async function push(server: Server, options: GitOptions): Promise<void> {
    const { signal } = options
    const target = await clone(server, { signal })
    const id = await git.commit(target, 'main', [largeCommit()], signal)
    await git.run(['push', '--quiet', 'origin', 'main'], { ...options, cwd: target })
    const there = { cwd: server.repository, signal }
    assert.equal(await git.run(['rev-parse', 'main'], there), id)
    await git.run(['fsck', '--full', '--strict'], there)
  }

  function assertChunkedPush({ requests }: Server): void {
    const pack = requests.find(
      ({ url, headers }) =>
        url.endsWith('/git-receive-pack') && headers['transfer-encoding'] === 'chunked',
    )
    assert.equal(pack?.method, 'POST', 'git has sent its pack in chunks')
  }

  void t.test(
    'BODY-5 git clones many references past @fastify/compress',
    { buffered: true, ...NO_HANG },
    async (t) => {
      const projects = await mkdtemp(path.join(folder, 'projects-'))
      const repository = path.join(projects, 'project.git')
      await cp(template, repository, { recursive: true })
      const signal = signalOf(t)
      const there = { cwd: repository, signal }
      // What git asks for is longer than 1 KiB then, and it sends it in gzip.
      for (let back = 0; back < HISTORY; back += 1) {
        await git.run(['tag', `tag-${back}`, `main~${back}`], there)
      }
      const codings: (string | undefined)[] = []
      const app = Fastify()
      t.after(() => app.close())
      await app.register(compress)
      await app.register(cgi, {
        prefix: '/git',
        script: gitHttpBackend(),
        env: ({ headers }) => {
          codings.push(headers['content-encoding'])
          return { ...gitEnvironment(home), GIT_PROJECT_ROOT: projects, GIT_HTTP_EXPORT_ALL: '1' }
        },
      })
      const origin = await app.listen({ port: 0, host: '127.0.0.1' })
      const target = await clone({ url: `${origin}/git/project.git` }, { signal })
      const tags = await git.run(['tag'], { cwd: target, signal })
      assert.equal(tags.split('\n').length, HISTORY)
      assert.ok(codings.includes('gzip'), 'git has sent a request in gzip')
    },
  )

  for (const adapter of adapters) {
    for (const version of ['0', '2']) {
      const config = [`protocol.version=${version}`]
      const where = `over protocol v${version} (${adapter.name})`

      void t.test(`MAP-1 ENV-2 git clones ${where}`, { buffered: true, ...NO_HANG }, async (t) => {
        const server = await serve(t, adapter)
        const { repository, url } = server
        const trace = path.join(path.dirname(repository), 'trace')
        const target = path.join(path.dirname(repository), 'clone')
        const env = { GIT_TRACE_PACKET: trace }
        await git.run(['clone', '--quiet', url, target], { config, env, signal: signalOf(t) })
        const args = ['rev-parse', 'main']
        assert.equal(
          await git.run(args, { cwd: target, signal: signalOf(t) }),
          await git.run(args, { cwd: repository, signal: signalOf(t) }),
        )
        await git.run(['fsck', '--full', '--strict'], { cwd: target, signal: signalOf(t) })
        const content = await readFile(path.join(target, 'docs/Übersicht.txt'), 'utf8')
        assert.equal(content, `${HISTORY - 1}\n`)
        // The server speaks version 2 only where HTTP_GIT_PROTOCOL has asked it to.
        const packets = await readFile(trace, 'utf8')
        assert.equal(/< version 2$/m.test(packets), version === '2')
        assert.match(packets, / refs\/heads\/main$/m)
      })

      void t.test(
        `BODY-5 git fetches a new commit, asking in gzip, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const signal = signalOf(t)
          const server = await serve(t, adapter)
          const target = await clone(server, { config, signal })
          // With so much to tell of its own commits, git compresses what it says.
          await git.commit(target, 'own', commits(100, 'own.txt'), signal)
          const id = await git.commit(server.repository, 'main', commits(1, 'new.txt'), signal)
          await git.run(['fetch', '--quiet'], { config, cwd: target, signal })
          const fetched = await git.run(['rev-parse', 'origin/main'], { cwd: target, signal })
          assert.equal(fetched, id)
          await git.run(['fsck', '--full', '--strict'], { cwd: target, signal })
          const codings = server.requests.map(({ headers }) => headers['content-encoding'])
          assert.ok(codings.includes('gzip'), 'git has compressed a request')
        },
      )

      void t.test(
        `BODY-1 git makes a shallow clone, then deepens it, ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const signal = signalOf(t)
          const server = await serve(t, adapter)
          const target = await clone(server, { config, signal, depth: 1 })
          const here = { cwd: target, signal }
          const count = ['rev-list', '--count', 'HEAD']
          assert.equal(await git.run(count, here), '1')
          await git.run(['fetch', '--quiet', '--unshallow'], { config, ...here })
          assert.equal(await git.run(count, here), String(HISTORY))
          await git.run(['fsck', '--full', '--strict'], here)
          assert.equal(
            await git.run(['rev-parse', 'HEAD'], here),
            await git.run(['rev-parse', 'main'], { cwd: server.repository, signal }),
          )
        },
      )

      void t.test(
        `BODY-2 git pushes a chunked pack ${where}`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const server = await serve(t, adapter)
          await push(server, { config, signal: signalOf(t) })
          assertChunkedPush(server)
        },
      )
    }

    void t.test(
      `BODY-2 git pushes a chunked pack that is not spooled (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const server = await serve(t, adapter, { chunkedBody: 'stream' })
        await push(server, { signal: signalOf(t) })
        assertChunkedPush(server)
      },
    )

    void t.test(
      `ENV-4 git pushes as the user that the application knows (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const signal = signalOf(t)
        const password = `Basic ${Buffer.from('grace:secret').toString('base64')}`
        const server = await serve(t, adapter, {
          authenticate: ({ headers }: SeenRequest) =>
            headers.authorization === password ? { user: 'grace', type: 'Basic' } : null,
        })
        const there = { cwd: server.repository, signal }
        // Unless told otherwise, git http-backend takes packs from those with a name, and only them.
        await git.run(['config', '--unset', 'http.receivepack'], there)
        const tip = await git.run(['rev-parse', 'main'], there)
        await assert.rejects(push(server, { signal }), /\b403\b/)
        assert.equal(await git.run(['rev-parse', 'main'], there), tip)

        await push(server, { config: [`http.extraHeader=Authorization: ${password}`], signal })
        const who = ['log', '-g', '--max-count=1', '--format=%gn <%ge>', 'main']
        assert.equal(await git.run(who, there), 'grace <grace@http.127.0.0.1>')
      },
    )
  }
})
