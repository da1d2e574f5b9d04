import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { isRunning } from '../../support/processes.js'
import { PerlServer, writeScripts } from './perl-server.js'

const WITH_PERL = { ...needs('perl'), timeout: 120_000 }

/** Each is run plainly and by a fork server, twice. */
const SAME: Readonly<Record<string, string>> = {
  'environment, in its order': `
    system '/usr/bin/env'; print "$_=$ENV{$_}\\n" for sort keys %ENV;
    $ENV{NEW} = 1; delete $ENV{LANG}; system '/usr/bin/env'`,
  'arguments and names': `
    print "$0|$^X|$^W|@ARGV|", __FILE__, '|', __LINE__, "\\n"; print "$_\\n" for @INC, sort keys %INC`,
  'symbols of all packages': `
    sub walk { my ($p) = @_; return if $seen{0 + \\%{$p}}++; for (sort grep { !/^_</ } keys %{$p}) { print "$p$_\\n"; walk($p eq 'main::' ? $_ : "$p$_") if /::$/ } }
    walk('main::')`,
  'special variables': `
    print join '|', map { $_ // 'undef' } $@, $! + 0, $?, $, , $\\, $/, $;, $^W, $^H, \${^TAINT}, \${^UNICODE},
      \${^GLOBAL_PHASE}, $^S, $^F, $|, $^P, \${^UTF8LOCALE}, $1, $&, defined -e _`,
  'frames of the caller': `
    use Carp; sub f { my $i = 0; while (my @c = caller $i++) { print "@c[0..4]\\n" } eval { Carp::confess 'x' }; print $@ } f 1;
    Carp::cluck 'here'; warn 'line'`,
  'descriptors and their flags': `
    opendir D, '/proc/self/fd'; print join(' ', sort { $a <=> $b } grep /\\d/, readdir D), "\\n";
    for (0 .. 12) { open F, "/proc/self/fdinfo/$_" or next; print grep /^flags/, <F> }`,
  'signals, limits, group and mask': `
    open F, '/proc/self/status'; print grep /^(?:Sig[PBIC]|Shd|Umask|Groups|Threads|CoreDump)/, <F>;
    system 'cat /proc/self/limits'; print umask, getpgrp == $$ ? 'leader' : 'member', "\\n";
    print join ',', map { "$_=" . ($SIG{$_} // 'undef') } sort keys %SIG; system 'grep ^Sig[PBIC] /proc/self/status'`,
  'standard input': `
    print -p STDIN ? 'pipe' : 'other', tell STDIN, "\\n"; print 'read ', scalar <STDIN> // 'undef', "\\n";
    sysread STDIN, my $rest, 100; print "$rest|", join '|', <STDIN>`,
  'layers of the standard streams': `
    use open qw(:std :encoding(UTF-8)); print chr 233, "\\n", <STDIN>; print join '|', map { PerlIO::get_layers($_) } *STDIN, *STDOUT, *STDERR`,
  'data, which no other request moves': `
    my $at = tell DATA; print $at, scalar <DATA>; seek DATA, 0, 0; print scalar <DATA>; seek DATA, $at, 0; print <DATA>
__DATA__
${'one line\n'.repeat(2000)}`,
  'blocks in their order': `
    BEGIN { push our @log, 'begin' } UNITCHECK { push our @log, 'unitcheck' } CHECK { push our @log, 'check' }
    INIT { push our @log, "init $ENV{QUERY_STRING} @ARGV" } INIT { push our @log, 'second' } END { print "end $?\\n" } END { print "last $?\\n"; $? = 7 }
    print "@log\\n"; exit 5`,
  'exit code of an error': 'END { print "end $?\\n" } print "x"; die "dead\\n"',
  'exit code of a system error': '$! = 13; die "dead\\n"',
  'exit codes beyond a byte': 'exit 257',
  'a signal': 'print "lost"; kill KILL => $$; sleep 5',
  'a signal with a handler':
    '$SIG{TERM} = sub { print "handled\\n" }; kill TERM => $$; print "after\\n"',
  'an alarm': '$SIG{ALRM} = sub { print "alarm\\n"; exit 2 }; alarm 1; sleep 5',
  'the ends of children': `
    $SIG{CHLD} = sub { print "child\\n" }; system 'true'; print "$?\\n"; my $pid = fork; exit 3 if !$pid; sleep 2; print wait == $pid, " $?\\n";
    $SIG{CHLD} = 'IGNORE'; print system('true'), " $?\\n"`,
  'objects that end with the process': `
    package O; sub DESTROY { print "destroyed\\n" } package main;
    our $one = bless {}, 'O'; my $two = bless {}, 'O'; our $ring = bless {}, 'O'; $ring->{ring} = $ring; print "end\\n"`,
  'a DESTROY that appears while it runs': `our $x = bless {}, 'Late'; eval q{sub Late::DESTROY { print "late\\n" }}; print "end\\n"`,
  'a DESTROY that takes the place of an empty one': `
    use IO::Handle; our $x = IO::Handle->new; { no warnings; *IO::Handle::DESTROY = sub { print "late\\n" } } print "end\\n"`,
  'a DESTROY of a base class': `our $x = bless {}, 'D'; sub Base::DESTROY { print "base\\n" } @D::ISA = 'Base'; print "end\\n"`,
  'a DESTROY of every class': `our $x = bless {}, 'D'; *UNIVERSAL::DESTROY = sub { print ref shift, "\\n" }; print "end\\n"`,
  'an AUTOLOAD in place of a DESTROY': `our $x = bless {}, 'A'; sub A::AUTOLOAD { print "$A::AUTOLOAD\\n" } print "end\\n"`,
  'a module that it loads while it runs': `
    require File::Temp; our $f = File::Temp->new; print {$f} 'x'; print -e "$f" ? 'there' : 'missing'; END { print " end\\n" }`,
  'handles that are not flushed': `
    open our $copy, '>&', STDOUT; print $copy "copy\\n"; open our $pipe, '|cat'; print $pipe "pipe\\n"; print "own\\n"; print STDERR "error\\n"`,
  'a file that cannot be flushed': `open our $full, '>', '/dev/full'; print $full 'x'; print "ok\\n"`,
  'output that cannot be flushed': `close STDOUT; open STDOUT, '>', '/dev/full'; print 'x'`,
  'output that has been closed': `close STDOUT; print 'x' or print STDERR "no: $!\\n"`,
  'much output': `print 'x' x 300_000`,
  'another program': `print "first\\n"; exec 'echo', 'second'`,
  'a seed of its own': 'srand 42; print join ",", map { int rand 1000 } 1 .. 5',
  'the year of Time::Local': `use Time::Local; print timelocal(0, 0, 0, 1, 0, 70), ' ', timegm(0, 0, 0, 1, 0, 30), "\\n"`,
  'time zones': `use POSIX; $ENV{TZ} = 'Asia/Tokyo'; tzset; print strftime('%H %Z', localtime 0), ' ', scalar localtime 86400`,
  'an error that only its run finds': `use strict; print 'ok'; my $x; $x->method`,
  'warnings of its run': `use warnings; my $x; print "a$x\\n"; my @y = (1); print "$y[3]\\n"`,
}

const folder = createTemporaryFolder(t)
const names = new Map(Object.keys(SAME).map((claim, index) => [claim, `${index}.pl`]))
const fileOf = (claim: string): string => path.join(folder, names.get(claim) ?? '')

const RANDOM = 'print rand, " $$ $^T ", scalar localtime, "\\n"'
const LEAVES_CHILD = 'if (!fork) { close STDOUT; close STDERR; sleep 1; exit } print "left\\n"'
const SPINS = 'print "start\\n"; $| = 1; 1 while 1'

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(Object.entries(SAME).map(([claim, text]) => [names.get(claim), text])),
    'random.pl': RANDOM,
    'leaves-child.pl': LEAVES_CHILD,
    'spins.pl': SPINS,
  }),
)

for (const claim of Object.keys(SAME)) {
  void t.test(`WARM-30 the same as plain: ${claim}`, WITH_PERL, async (t) => {
    const server = new PerlServer(t, fileOf(claim))
    assert.equal(await server.verdict, 'ready')
    for (const options of [
      {},
      { body: 'one\ntwo\nthree\n', args: ['a b', ''], environment: { HTTP_X: 'caf\u00E9' } },
    ]) {
      const [plain, warm] = [await server.plain(options), await server.request(options)]
      assert.deepEqual(warm, plain)
    }
  })
}

void t.test('WARM-30 each request has its own random numbers and time', WITH_PERL, async (t) => {
  const server = new PerlServer(t, path.join(folder, 'random.pl'))
  assert.equal(await server.verdict, 'ready')
  const answers = await Promise.all(Array.from({ length: 5 }, () => server.request()))
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 5)
  const [, , start = ''] = JSON.stringify(answers[0]).split(' ')
  assert.ok(Math.abs(Number(start) - Date.now() / 1000) < 60)
  assert.ok(server.hasLearnt, 'perl shares all that is compiled from the start')
})

void t.test('WARM-30 the process that a script leaves goes on', WITH_PERL, async (t) => {
  const server = new PerlServer(t, path.join(folder, 'leaves-child.pl'))
  assert.equal(await server.verdict, 'ready')
  const answer = await server.request()
  assert.ok(typeof answer === 'object' && answer.stdout === 'left\n')
})

void t.test('WARM-30 a script has the limit of processor time', WITH_PERL, async (t) => {
  const options = { cpuTimeLimit: 1 }
  const server = new PerlServer(t, path.join(folder, 'spins.pl'), options)
  assert.equal(await server.verdict, 'ready')
  const answer = await server.request()
  assert.ok(typeof answer === 'object')
  assert.deepEqual(answer.exit, { exitCode: null, signal: 'SIGXCPU' })
  assert.ok(server.pid !== undefined && isRunning(server.pid))
})
