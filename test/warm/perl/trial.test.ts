import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import { PerlServer, writeScripts } from './perl-server.js'
import { PERL } from '../interpreters.js'

/** What a script does while it is compiled, and why it is then started plainly. `ready`: it has a fork server. */
const SCRIPTS: Readonly<Record<string, readonly [text: string, line: RegExp]>> = {
  'prints only when it runs': ['print "ok\\n"', /^ready$/],
  'loads modules of perl': [
    'use strict; use warnings; use POSIX; use Encode; use IO::File; use Data::Dumper; use FindBin; 1',
    /^ready$/,
  ],
  'has warnings on': ['use strict; my $used = 1; print $used', /^ready$/],
  'loads a module of its own': ['use lib "lib"; use Own; 1', /^ready$/],
  'looks for a file': ['BEGIN { our $x = -e "here.txt" } 1', /^ready$/],
  'reads a file': ['BEGIN { open my $f, "<", "lib/Own.pm" or die; our @x = <$f> } 1', /^ready$/],
  'looks for a fixed variable': ['BEGIN { our $x = $ENV{SERVER_SOFTWARE} } 1', /^ready$/],
  'sets a layer of standard output': ['use open qw(:std :encoding(UTF-8)); 1', /^ready$/],
  'has data': ['print <DATA>;\n__DATA__\none\n', /^ready$/],
  'seeds its random numbers with a constant': ['BEGIN { srand 7 } print rand', /^ready$/],
  'loads Time::Local, which reads the year': ['use Time::Local; 1', /^ready$/],
  'sets `$|`': ['BEGIN { $| = 1 } 1', /^ready$/],

  'reads a variable of the request': [
    'BEGIN { our $x = $ENV{QUERY_STRING} } 1',
    /reads QUERY_STRING/,
  ],
  'asks for a variable of the request': [
    'BEGIN { our $x = exists $ENV{HTTP_COOKIE} } 1',
    /reads HTTP_COOKIE/,
  ],
  'reads all variables': ['BEGIN { our @x = keys %ENV } 1', /reads all variables/],
  'copies all variables': ['BEGIN { our %x = %ENV } 1', /reads all variables/],
  'sets a variable': ['BEGIN { $ENV{PATH} = "/bin" } 1', /sets PATH/],
  'deletes a variable': ['BEGIN { delete $ENV{PATH} } 1', /sets PATH/],
  'reads its arguments': ['BEGIN { our $x = shift @ARGV } 1', /reads @ARGV/],
  'counts its arguments': ['BEGIN { our $x = @ARGV } 1', /reads @ARGV/],
  'reads the start time': ['BEGIN { our $x = $^T } 1', /reads \$\^T/],
  'compares with the start time': ['BEGIN { our $x = -M "/etc/passwd" } 1', /-M, -A, -C/],
  'reads the clock': ['BEGIN { our $x = time } 1', /reads the clock/],
  'reads the clock by CORE::': ['BEGIN { our $x = CORE::time() } 1', /reads the clock/],
  'reads the local time': ['BEGIN { our $x = localtime } 1', /reads the clock/],
  'reads the clock in C': [
    'use Time::HiRes (); BEGIN { our $x = Time::HiRes::time() } 1',
    /reads the clock/,
  ],
  'reads its processor time': ['BEGIN { our @x = times } 1', /reads the clock/],
  'draws a random number': ['BEGIN { our $x = rand } 1', /reads random numbers/],
  'reads its process id': ['BEGIN { our $x = $$ } 1', /reads its process id/],
  'reads the id of its parent': ['BEGIN { our $x = getppid } 1', /reads its process id/],
  prints: ['BEGIN { $| = 1; print "Content-Type: text/plain\\n\\n" } 1', /writes output/],
  'prints what perl still holds': ['BEGIN { print "Content-Type: a/b\\n\\n" } 1', /writes output/],
  warns: ['BEGIN { warn "no" } 1', /writes output/],
  'is warned of by perl': ['use warnings; my $x; my $x; 1', /writes output/],
  'reads standard input': ['BEGIN { our $x = <STDIN> } 1', /uses a standard stream/],
  'asks for the kind of standard input': ['BEGIN { our $x = -p STDIN } 1', /standard stream/],
  'keeps a copy of standard error': ['BEGIN { open our $x, ">&", STDERR } 1', /standard stream/],
  'writes a file': ['BEGIN { open our $x, ">", "written" } 1', /written for writing/],
  'removes a file': ['BEGIN { unlink "lib/Own.pm" } 1', /makes system call 8[0-9]|unlink/],
  'starts a process': ['BEGIN { our $x = `true` } 1', /starts a process/],
  forks: ['BEGIN { fork } 1', /starts a process/],
  sleeps: ['BEGIN { select undef, undef, undef, 0.01 } 1', /system call/],
  'opens a socket': [
    'use Socket; BEGIN { socket our $x, PF_INET, SOCK_STREAM, 0 } 1',
    /opens a socket/,
  ],
  'asks for the name of its host': [
    'use POSIX (); BEGIN { our @x = POSIX::uname() } 1',
    /system call/,
  ],
  'sets a signal handler': ['BEGIN { $SIG{TERM} = sub { exit } } 1', /signal handler/],
  'ignores the ends of its children': ['BEGIN { $SIG{CHLD} = "IGNORE" } 1', /signal handler/],
  'changes the directory': ['BEGIN { chdir "/" } 1', /changes the directory/],
  'looks into /proc': ['BEGIN { our $x = -s "/proc/self/stat" } 1', /looks at \/proc/],
  'keeps a file open': ['BEGIN { open our $x, "<", "lib/Own.pm" or die } 1', /^ready$/],
  'keeps a folder open': ['BEGIN { opendir our $x, "lib" or die } 1', /keeps .*lib open/],
  'does not compile': ['my $x = ; 1', /writes output|does not compile/],
  'ends while it is compiled': ['BEGIN { exit 3 } 1', /does not compile, or ends/],
}

const WITH_PERL = { ...needs('perl'), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const scripts = Object.entries(SCRIPTS).map(([claim, [text, verdict]], index) => {
  return { claim, name: `${index}.pl`, text: `${text};\n`, verdict }
})

t.before(() =>
  writeScripts(folder, {
    'lib/Own.pm': 'package Own; sub new { bless {} } 1;',
    'flagged.pl': `#!${PERL} -w\nprint "ok\\n";\n`,
    ...Object.fromEntries(scripts.map(({ name, text }) => [name, text])),
  }),
)

for (const { claim, name, verdict } of scripts) {
  void t.test(`WARM-31 a script that ${claim} while it is compiled`, WITH_PERL, async (t) => {
    const server = new PerlServer(t, path.join(folder, name))
    assert.match(await server.verdict, verdict)
  })
}

const flagged = path.join(folder, 'flagged.pl')

for (const flags of [[], ['-w'], ['-Mstrict'], ['-s']]) {
  void t.test(`WARM-31 the flags ${flags.join(' ') || 'of the #! line'}`, WITH_PERL, async (t) => {
    assert.equal(await new PerlServer(t, flagged, { flags }).verdict, 'ready')
  })
}

void t.test('WARM-31 taint mode is started plainly', WITH_PERL, async (t) => {
  assert.match(await new PerlServer(t, flagged, { flags: ['-T'] }).verdict, /^plain: .*taint/)
  const environment = { PERL5OPT: '-t' }
  assert.match(await new PerlServer(t, flagged, { environment }).verdict, /^plain: .*taint/)
})

void t.test('WARM-31 arguments that perl decodes are started plainly', WITH_PERL, async (t) => {
  const environment = { PERL_UNICODE: 'SA' }
  assert.match(await new PerlServer(t, flagged, { environment }).verdict, /^plain: PERL_UNICODE/)
})

void t.test('WARM-32 a file that has just changed makes no fork server', WITH_PERL, async (t) => {
  const young = writeProgram(folder, 'young.pl', 'print "ok\\n";\n')
  assert.match(await new PerlServer(t, young).verdict, /^young: .*young\.pl/)
})
