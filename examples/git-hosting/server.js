import cgi from '@common-gateway/fastify'
import Fastify from 'fastify'
import { execFileSync } from 'node:child_process'
import { timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Stands for the users that your application has. */
const PASSWORDS = new Map([['grace', 'secret']])

const folder = process.env.REPOSITORIES ?? path.join(import.meta.dirname, 'repositories')
const first = path.join(folder, 'project.git')
if (!existsSync(first)) {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', first])
}

const fastify = Fastify()
await fastify.register(
  async (git) => {
    git.addHook('onRequest', async (request, reply) => {
      if (isPush(request.url) && authenticate(request) === null) {
        return reply
          .code(401)
          .header('WWW-Authenticate', 'Basic realm="git", charset="UTF-8"')
          .send()
      }
    })
    await git.register(cgi, {
      script: path.join(execFileSync('git', ['--exec-path']).toString().trim(), 'git-http-backend'),
      env: { GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1' },
      authenticate,
    })
  },
  { prefix: '/git' },
)

process.once('SIGTERM', () => void fastify.close())

const address = await fastify.listen({ port: Number(process.env.PORT ?? 3000) })
console.log(`git clone ${address}/git/project.git`)

/** The user, which git writes to its log; null where there is none with this password. */
function authenticate({ headers }) {
  const [, token = ''] = /^Basic (\S+)$/i.exec(headers.authorization ?? '') ?? []
  const [user, ...rest] = Buffer.from(token, 'base64').toString().split(':')
  const given = Buffer.from(rest.join(':'))
  const password = Buffer.from(PASSWORDS.get(user) ?? '')
  const isRight =
    password.length > 0 && given.length === password.length && timingSafeEqual(given, password)
  return isRight ? { user, type: 'Basic' } : null
}

/** Whether a request is one of those that a push consists of. */
function isPush(url) {
  return /\/git-receive-pack(?:\?|$)|[?&]service=git-receive-pack(?:&|$)/.test(url)
}
