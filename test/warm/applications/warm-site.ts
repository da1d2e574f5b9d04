import type { WarmNote } from '@common-gateway/warm'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import type { RunningGateway } from '../../support/adapters.js'
import { writeProgram } from '../../core/temporary-folder.js'
import { commandOf } from '../../support/processes.js'
import { type Peer, send } from '../../support/client.js'

/** Scripts that act by their query: they wait, fail, stream, count their input, print much or the user. */
const SCRIPTS = {
  'page.py': `#!/usr/bin/python3
import json, os, sys, time
query = os.environ['QUERY_STRING']
if query == 'wait': time.sleep(1000)
if query == 'fail': sys.exit(3)
print('Content-Type: text/plain', end='\\n\\n', flush=True)
if query == 'size': print(len(sys.stdin.buffer.read()))
elif query == 'user': print(os.environ['REMOTE_USER'])
elif query == 'large': sys.stdout.write('x' * 3_000_000)
elif query == 'stream':
    while True:
        print(os.getpid(), flush=True)
        time.sleep(0.02)
else: print('answer')
`,
  'page.pl': `#!/usr/bin/perl
use POSIX ();
BEGIN { my $work = 0; $work += $_ for 1 .. 300_000 }
$| = 1;
my $query = $ENV{QUERY_STRING};
sleep 1000 if $query eq 'wait';
exit 3 if $query eq 'fail';
print "Content-Type: text/plain\\n\\n";
if ($query eq 'size') { local $/; print length(<STDIN>), "\\n" }
elsif ($query eq 'user') { print "$ENV{REMOTE_USER}\\n" }
elsif ($query eq 'large') { print 'x' x 3_000_000 }
elsif ($query eq 'stream') { while (1) { print "$$\\n"; select undef, undef, undef, 0.02 } }
else { print "answer\\n" }
`,
} as const

export const SCRIPT_NAMES = Object.keys(SCRIPTS)
export const LARGE_SIZE = 3_000_000

/** Writes the scripts into a folder. A fork server needs files that are older than two seconds. */
export function writeScripts(folder: string): void {
  for (const [name, text] of Object.entries(SCRIPTS)) writeProgram(folder, name, text)
}

/** The processes of the scripts in a folder, and their fork servers. */
export function processesOf(folder: string): number[] {
  const pids = readdirSync('/proc').map(Number)
  return pids.filter((pid) => pid > 0 && commandOf(pid).includes(`${folder}/`))
}

/** Whether a fork server has made a process. */
export function isForked(pid: number): boolean {
  return /importlib_bootstrap\.py|CommonGatewayForkServer/.test(commandOf(pid))
}

/** Asks a script until its fork server answers, and has no modules to load any more. */
export async function warmUp(
  gateway: Peer & Pick<RunningGateway, 'stats'>,
  name: string,
): Promise<void> {
  const notes: string[] = []
  const onNote = (message: unknown): void => {
    // The messages of the channel.
    const { script, text } = message as WarmNote
    if (script.endsWith(`/${name}`)) notes.push(text)
  }
  subscribe('common-gateway:warm:note', onNote)
  try {
    for (let count = 0; count < 500; count += 1) {
      await send(gateway, `/cgi-bin/${name}?`)
      const scripts = gateway.stats().warm?.scripts ?? []
      const isWarm = scripts.some(({ script, runs }) => script.endsWith(`/${name}`) && runs > 0)
      if (isWarm && (name.endsWith('.pl') || notes.some((text) => /modules are shared/.test(text))))
        return
    }
  } finally {
    unsubscribe('common-gateway:warm:note', onNote)
  }
  throw new Error(`${name} never was warm: ${JSON.stringify(gateway.stats().warm)}`)
}
