import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { NO_HANG } from '../apps/application.js'
import { needsRoot } from '../apps/programs.js'
import { codeOf, Page } from './page.js'
import { Workplace } from './workplace.js'

const recipe = new Page('recipes/container.md')

/** The arguments of an instruction; those of exec form as they are. */
function instructions(name: string): readonly string[] {
  const lines = recipe.file('Dockerfile').replaceAll('\\\n', '').split('\n')
  return lines
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim())
}

function exec(name: string): readonly string[] {
  // It is JSON, as Docker wants it.
  return JSON.parse(instructions(name)[0] ?? '[]') as string[]
}

/** The only child of a process, seen from here and not from a namespace of its own. @throws where it has none. */
function onlyChild({ pid }: ChildProcess): number {
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  assert.ok(child > 0, 'there is a child')
  return child
}

/** Leaves a child behind that has left its process group, too, and soon ends. */
const LEAVE = `#!/bin/sh
setsid sh -c 'sleep 0.1' > /dev/null 2>&1 &
printf 'Content-Type: text/plain\\n\\nleft\\n'
`

/** Lists the processes of the namespace, with their states. */
const PROCESSES = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
for status in /proc/[0-9]*/status; do sed -n 's/^State:.//p; s/^Name:.//p' "$status" 2> /dev/null | paste -s -d ' '; done
`

const WAIT = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\nbegun\\n'
sleep 1
echo finished
`

void t.test('the recipe container', { ...needsRoot('perl', 'tini'), jobs: 1 }, async (t) => {
  void t.test('copies what there is', { buffered: true }, async () => {
    const files = recipe.files.map(({ name }) => name)
    const copied = instructions('COPY').flatMap((line) => line.split(' ').slice(0, -1))
    const own = copied.filter((name) => !name.startsWith('package'))
    assert.deepEqual(own, ['server.js', 'cgi-bin'])
    for (const name of own)
      assert.ok(files.some((file) => file === name || file.startsWith(`${name}/`)))
    assert.ok(
      codeOf(recipe.text).some((code) => code.startsWith('docker run --publish 3000:3000 ')),
    )
    assert.deepEqual(instructions('EXPOSE'), ['3000'])
  })

  async function run(t: Test): Promise<{ origin: string; pid: number; ended: Promise<unknown> }> {
    const workplace = await Workplace.create(t, recipe)
    const { folder, origin, port } = workplace
    const scripts = { 'leave.sh': LEAVE, 'processes.sh': PROCESSES, 'wait.sh': WAIT }
    for (const [name, text] of Object.entries(scripts))
      await writeFile(path.join(folder, 'cgi-bin', name), text, { mode: 0o755 })
    const namespace = ['--pid', '--fork', '--mount-proc']
    const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const child = spawn('unshare', [...namespace, ...user, ...exec('ENTRYPOINT'), ...exec('CMD')], {
      cwd: folder,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    t.after(async () => {
      // The namespace ends with its first process, and unshare with that.
      if (child.exitCode === null) process.kill(onlyChild(child), 'SIGTERM')
      await ended
    })
    let output = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(chunk)
      if (output.includes(`:${port}`)) break
    }
    child.stdout.resume()
    return { origin, pid: onlyChild(child), ended }
  }

  void t.test(
    'what scripts leave behind is collected',
    { buffered: true, ...NO_HANG },
    async (t) => {
      const { origin } = await run(t)
      const get = async (name: string): Promise<string> =>
        (await fetch(`${origin}/cgi-bin/${name}`, { signal: signalOf(t) })).text()
      assert.match(await get('report.pl'), /^run by user 65534, below process (?!1\n)\d+\n$/)
      for (let count = 0; count < 5; count += 1) assert.equal(await get('leave.sh'), 'left\n')
      // They end by themselves, without an event here.
      let processes = await get('processes.sh')
      while (/^sleep /m.test(processes)) processes = await get('processes.sh')
      assert.match(processes, /^tini /m)
      assert.doesNotMatch(processes, /zombie/)
    },
  )

  void t.test('a script may finish after SIGTERM', { buffered: true, ...NO_HANG }, async (t) => {
    const { origin, pid, ended } = await run(t)
    const response = await fetch(`${origin}/cgi-bin/wait.sh`, { signal: signalOf(t) })
    process.kill(pid, 'SIGTERM')
    assert.equal(await response.text(), 'begun\nfinished\n')
    assert.deepEqual(await ended, [0, null])
  })
})
