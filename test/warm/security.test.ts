import { createSpawner, type Spawner } from '@common-gateway/core/transport'
import { warm, type WarmNote } from '@common-gateway/warm'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { needsRoot } from '../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { processesOf, until } from '../support/processes.js'
import { type Run, runScript } from './differential/script-run.js'

const OPTIONS = { ...needsRoot('python3', 'perl'), timeout: 60_000 }
const folder = createTemporaryFolder(t)
const files = path.join(folder, 'files')
mkdirSync(files)

/** Reads what it can of its parent and of its own memory; HTTP_NEEDLE is what it looks for, reversed. */
const PYTHON = `#!/usr/bin/python3
import ctypes, os
def attempt(name, action):
    try: print(name, action())
    except OSError as error: print(name, error.strerror)
parent = os.getppid()
attempt('memory', lambda: open('/proc/%d/mem' % parent, 'rb').read(0))
attempt('environment', lambda: open('/proc/%d/environ' % parent, 'rb').read()[:0])
attempt('descriptors', lambda: os.listdir('/proc/%d/fd' % parent)[:0])
libc = ctypes.CDLL(None, use_errno=True)
print('trace', libc.ptrace(16, parent, 0, 0), os.strerror(ctypes.get_errno()))
needle = os.environ.get('HTTP_NEEDLE', 'none')
found = 0
memory = open('/proc/self/mem', 'rb', 0)
for line in open('/proc/self/maps'):
    fields = line.split()
    if not fields[1].startswith('rw') or fields[-1].startswith('[v'): continue
    start, end = [int(each, 16) for each in fields[0].split('-')]
    memory.seek(start)
    try: content = memory.read(end - start)
    except OSError: continue
    # Reversed, so that it is in no place as it is.
    found += content[::-1].count(needle.encode())
print('found', found)
`
const PERL = `#!/usr/bin/perl
my $parent = getppid;
print 'memory ', open(my $memory, '<', "/proc/$parent/mem") ? 'open' : $!, "\\n";
print 'environment ', open(my $environment, '<', "/proc/$parent/environ") ? 'open' : $!, "\\n";
my $needle = $ENV{HTTP_NEEDLE};
my $found = 0;
open my $own, '<:raw', '/proc/self/mem' or die;
open my $maps, '<', '/proc/self/maps' or die;
while (my $line = <$maps>) {
  my ($start, $end, $mode, $name) = $line =~ /^(\\w+)-(\\w+) (\\S+) \\S+ \\S+ \\S+\\s*(\\S*)/ or next;
  next if $mode !~ /^rw/ || $name =~ /^\\[v/;
  sysseek $own, hex $start, 0;
  sysread $own, my $content, hex($end) - hex $start or next;
  $content = reverse $content;
  $found++ while $content =~ /\\Q$needle\\E/g;
}
print "found $found\\n";
`
const SECRET = 'session=a-secret-of-another-request'
const NEEDLE = Buffer.from(SECRET).toReversed().toString()

function createConfinedSpawner(t: Test): Spawner {
  const confined = (): ReturnType<typeof createSpawner> =>
    createSpawner({ user: 'nobody', group: 'nogroup' })
  const spawner = warm({ after: 1 }).createSpawner({
    logger: { warn() {}, error() {} },
    plain: confined(),
    lasting: confined(),
    cpuTimeLimit: undefined,
  })
  t.after(() => spawner.close?.())
  return spawner
}

async function ask(
  spawner: Spawner,
  script: string,
  variables: Record<string, string> = {},
): Promise<Run> {
  return runScript(spawner, {
    command: [script],
    cwd: folder,
    environment: { PATH: '/usr/bin:/bin', ...variables },
    body: undefined,
    files,
  })
}

for (const [name, text] of [
  ['script.py', PYTHON],
  ['script.pl', PERL],
] as const) {
  const script = writeProgram(folder, name, text)
  void t.test(`WARM-43 a script reads nothing of its fork server (${name})`, OPTIONS, async (t) => {
    const spawner = createConfinedSpawner(t)
    await delay(2_100)
    let run = await ask(spawner, script)
    await until(async () => {
      run = await ask(spawner, script)
      return run.isWarm
    }, 'it is warm')
    const { result } = run
    assert.match(result.output, /^memory Permission denied$/m)
    assert.match(result.output, /^environment Permission denied$/m)
    if (name.endsWith('.py')) {
      assert.match(result.output, /^descriptors Permission denied$/m)
      assert.match(result.output, /^trace -1 Operation not permitted$/m)
    }
  })

  void t.test(
    `WARM-43 a script has nothing of an earlier request (${name})`,
    OPTIONS,
    async (t) => {
      const spawner = createConfinedSpawner(t)
      await delay(2_100)
      // Long, so that its end would stay in a buffer that is used again.
      const padding = Object.fromEntries(
        Array.from({ length: 50 }, (_, at) => [`HTTP_X_${at}`, 'x'.repeat(100)]),
      )
      // A fork server that is late leaves a request to a plain start.
      let warmPairs = 0
      await until(async () => {
        const secret = await ask(spawner, script, { ...padding, HTTP_COOKIE: SECRET })
        const { isWarm, result } = await ask(spawner, script, { HTTP_NEEDLE: NEEDLE })
        assert.match(result.output, /^found 0$/m)
        if (secret.isWarm && isWarm) warmPairs += 1
        return warmPairs === 3
      }, 'three pairs of runs are warm')
    },
  )
}

/** Scripts that take seconds to load. */
const LARGE = {
  'large.py': `#!/usr/bin/python3\n${'def f(a, b=1): return [a + b for a in range(b)]\n'.repeat(3_000)}`,
  'large.pl':
    '#!/usr/bin/perl\nBEGIN { my $count = 0; $count += $_ for 1 .. 20_000_000 }\nprint "done\n";\n',
}

/** Whether a process of another user than root is not dumpable: the kernel gives its files to root, proc(5). */
function isProtected(pid: number): boolean {
  try {
    const isOfRoot = /^Uid:\t0\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return !isOfRoot && statSync(`/proc/${pid}/mem`).uid === 0
  } catch {
    return false
  }
}

for (const [name, text] of Object.entries(LARGE)) {
  void t.test(`WARM-43 a fork server is protected while it loads (${name})`, OPTIONS, async (t) => {
    const script = writeProgram(folder, name, text)
    const spawner = createConfinedSpawner(t)
    await delay(2_100)
    const notes: string[] = []
    const onNote = (note: unknown): void => void notes.push((note as WarmNote).text)
    subscribe('common-gateway:warm:note', onNote)
    t.after(() => unsubscribe('common-gateway:warm:note', onNote))
    await ask(spawner, script)
    await until(() => processesOf(script).some(isProtected), 'it is protected')
    assert.deepEqual(notes, [])
    await until(() => notes.length > 0, 'it has loaded')
    assert.deepEqual(notes, ['ready'])
  })
}

void t.test('WARM-43 without protection there is no fork server', OPTIONS, async (t) => {
  const script = writeProgram(folder, 'unprotected.py', "#!/usr/bin/python3\nprint('answer')\n")
  // As an interpreter that was compiled without libffi.
  writeProgram(folder, 'without/_ctypes.py', "raise ImportError('No module named _ctypes')\n")
  const spawner = createConfinedSpawner(t)
  await delay(2_100)
  let run = await ask(spawner, script, { PYTHONPATH: path.join(folder, 'without') })
  const reason = 'its interpreter cannot protect a fork server, since it has no module _ctypes'
  await until(async () => {
    run = await ask(spawner, script, { PYTHONPATH: path.join(folder, 'without') })
    assert.deepEqual([run.isWarm, run.result.output], [false, 'answer\n'])
    return run.plainReason === reason
  }, 'it is plain for this reason')
})

void t.test(
  'WARM-43 a script that kills its fork server harms no other request',
  OPTIONS,
  async (t) => {
    const script = writeProgram(
      folder,
      'kill.py',
      "#!/usr/bin/python3\nimport os, signal\nif os.environ.get('HTTP_KILL'): os.kill(os.getppid(), signal.SIGKILL)\nprint('answer')\n",
    )
    const spawner = createConfinedSpawner(t)
    await delay(2_100)
    await until(async () => (await ask(spawner, script)).isWarm, 'it is warm')
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        ask(spawner, script, index === 3 ? { HTTP_KILL: '1' } : {}),
      ),
    )
    assert.deepEqual(
      runs.map(({ result }) => result.output),
      Array.from({ length: 8 }, () => 'answer\n'),
    )
  },
)
