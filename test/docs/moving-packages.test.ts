import assert from 'node:assert/strict'
import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { ask } from './moving-request.js'
import { type MovingServer, startNode } from './moving-server.js'
import { MovingSite } from './moving-site.js'
import { PACKAGE_DIFFERENCES } from './package-differences.js'
import { Page } from './page.js'

const page = new Page('from-npm-packages.md')

/** Where packages are that the project has not; the guide says how they come there. */
const packages = process.env['MOVING_PACKAGES']

const withoutPackages = packages === undefined && {
  skip: 'needs the variable MOVING_PACKAGES, see docs/from-npm-packages.md',
}

void t.test(
  'in CI, the packages are there',
  { skip: !process.env['CI'] && 'this is not CI' },
  async () => {
    assert.notEqual(packages, undefined)
  },
)

const options = {
  cgi: withoutPackages || {},
  gateway: withoutPackages || needs('php-cgi'),
  spawn: {},
}

for (const [name, cases] of Object.entries(PACKAGE_DIFFERENCES)) {
  const heading = `What differs from \`${name}\``

  void t.test(
    `the guide lists the differences from ${name} that are tried, and no other`,
    async () => {
      const rows = page.table(heading).map(([what]) => what)
      assert.deepEqual(new Set(rows), new Set(Object.keys(cases)))
    },
  )

  const suite = { ...options[name as keyof typeof options], jobs: 4 }
  void t.test(`the guide for ${name}`, suite, async (t) => {
    const extension = name === 'spawn' ? 'js' : 'cjs'
    let site: MovingSite
    /** The programs of the guide that run, by file and script: most rows ask for the same script. */
    const servers = new Map<string, Promise<MovingServer>>()
    t.before(async () => {
      site = await MovingSite.create()
    })
    t.after(async () => {
      for (const started of await Promise.allSettled(servers.values())) {
        if (started.status === 'fulfilled') await started.value.close()
      }
      await site?.remove()
    })

    for (const [what, [script, question, there, here]] of Object.entries(cases)) {
      void t.test(`differs: ${what}`, { buffered: true, ...NO_HANG }, async () => {
        const [before, after] = await Promise.all([
          answer(`${name}-before.${extension}`),
          answer(`${name}-after.js`),
        ])
        assert.match(before, there)
        assert.match(after, here)
      })

      function startOnce(file: string): Promise<MovingServer> {
        const key = `${script}-${file}`
        const server = servers.get(key) ?? startNode(file, packages, script)(page, site)
        servers.set(key, server)
        return server
      }

      /** What a program of the guide answers, and whether it is still there after that. */
      async function answer(file: string): Promise<string> {
        try {
          const { port } = await startOnce(file)
          const wait = delay(5_000, 'nothing', { ref: false })
          const text = await Promise.race([question(port, site).catch(String), wait])
          return `${text}\n${(await isUp(port)) ? 'up' : 'gone'}`
        } catch (error) {
          return String(error)
        }
      }
    }
  })
}

void t.test('the program in the place of gateway', needs('php-cgi'), async (t) => {
  void t.test('sends files, and never the source of a script', NO_HANG, async (t) => {
    const site = await MovingSite.create()
    t.after(() => site.remove())
    const server = await startNode('gateway-after.js')(page, site)
    try {
      for (const path of ['/', '/index.html']) {
        assert.match(await ask(server.port, [`GET ${path}`]), /^HTTP\/1.1 200 [^]*Welcome/)
      }
      for (const path of ['/info.php', '/info.php/', '/info%2Ephp', '/%69nfo.ph%70?x']) {
        assert.match(
          await ask(server.port, [`GET ${path}`]),
          /^HTTP\/1.1 200 [^]*SCRIPT_NAME=\/info/,
        )
      }
      for (const path of ['/link.php', '/link%2ephp', '/absent.php', '/info.php%00', '/%zz']) {
        const answer = await ask(server.port, [`GET ${path}`])
        assert.match(answer, /^HTTP\/1.1 40[04] (?![^]*<\?php)/)
      }
    } finally {
      await server.close()
    }
  })
})

/** Whether a host answers; one that is about to end may still accept a connection. */
function isUp(port: number): Promise<boolean> {
  return ask(port, ['GET /nothing']).then(
    (text) => text !== '',
    () => false,
  )
}
