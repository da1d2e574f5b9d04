import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import { PerlServer, writeScripts } from './perl-server.js'
import { PERL } from '../interpreters.js'

const WITH_PERL = { ...needs('perl'), timeout: 120_000 }
const SCRIPT = `
use lib 'early', 'lib';
use Own;
BEGIN { our $configuration = do './settings.pl' || 'none'; our $flag = -e 'flag' ? 1 : 0 }
BEGIN { our $mode = (stat 'early')[2] }
BEGIN { opendir my $folder, 'plugins' or die; our @plugins = readdir $folder }
print Own::value(), " $configuration $flag ", scalar(@plugins), "\\n";
`
const FILES = {
  'script.pl': SCRIPT,
  'lib/Own.pm': "package Own; sub value { 'first' } 1;",
  'settings.pl': "'on'",
  'early/README': '',
  'plugins/one.pl': '1',
}

/** What changes, and the file that the fork server then names. */
const CHANGES: Readonly<Record<string, readonly [(site: string) => void, string]>> = {
  'the script': [(site) => writeFileSync(`${site}/script.pl`, 'print 1'), 'script.pl'],
  'the script, in the same second, at the same size': [
    (site) => {
      writeFileSync(`${site}/script.pl`, SCRIPT.replace('scalar', 'SCALAR'))
      utimesSync(`${site}/script.pl`, 1, 1)
    },
    'script.pl',
  ],
  'a module': [(site) => writeFileSync(`${site}/lib/Own.pm`, 'package Own; 1'), 'lib/Own.pm'],
  'a module that is removed': [(site) => rmSync(`${site}/lib/Own.pm`), 'lib/Own.pm'],
  'a module that hides another': [
    (site) => writeFileSync(`${site}/early/Own.pm`, 'package Own; 1'),
    'early/Own.pm',
  ],
  'a compiled module that hides another': [
    (site) => writeFileSync(`${site}/lib/Own.pmc`, 'package Own; 1'),
    'lib/Own.pmc',
  ],
  'a module of perl that gets a namesake': [
    (site) => writeFileSync(`${site}/early/lib.pm`, '1'),
    '',
  ],
  'a folder of modules': [
    (site) => {
      renameSync(`${site}/lib`, `${site}/old`)
      mkdirSync(`${site}/new`)
      symlinkSync('new', `${site}/lib`)
    },
    'lib',
  ],
  'the mode of a folder': [(site) => chmodSync(`${site}/early`, 0o700), 'early'],
  'a perl that comes before it in PATH': [(site) => symlinkSync(PERL, `${site}/perl`), 'perl'],
  'a file that was read': [(site) => writeFileSync(`${site}/settings.pl`, "'off'"), 'settings.pl'],
  'a file that was missing': [(site) => writeFileSync(`${site}/flag`, ''), 'flag'],
  'a folder that was read': [(site) => writeFileSync(`${site}/plugins/two.pl`, '1'), 'plugins'],
}

const folder = createTemporaryFolder(t)
const siteOf = (claim: string): string => path.join(folder, claim.replaceAll(/\W+/g, '-'))

t.before(() =>
  writeScripts(
    folder,
    Object.fromEntries(
      Object.keys(CHANGES).flatMap((claim) =>
        Object.entries(FILES).map(([name, content]) => [
          `${path.basename(siteOf(claim))}/${name}`,
          content,
        ]),
      ),
    ),
  ),
)

for (const [claim, [change, file]] of Object.entries(CHANGES)) {
  void t.test(`WARM-32 the very next request is stale: ${claim}`, WITH_PERL, async (t) => {
    const site = siteOf(claim)
    const server = new PerlServer(t, path.join(site, 'script.pl'), {
      decisive: [`${site}/perl`, PERL],
    })
    assert.equal(await server.verdict, 'ready')
    const plain = await server.plain()
    assert.equal(plain.stdout, 'first on 0 3\n')
    assert.deepEqual(await server.request(), plain)
    writeFileSync(`${site}/data.txt`, 'a file that the script did not look at')
    writeFileSync(`${site}/early/data.txt`, 'one beside a module that is missing')
    assert.deepEqual(await server.request(), plain)
    assert.deepEqual(await server.request(), plain)
    change(site)
    const answer = await server.request()
    if (file === '') {
      assert.deepEqual(answer, await server.plain())
    } else {
      assert.equal(answer, `file changed: ${path.join(site, file)}`)
      assert.match(await server.end, /^stale/)
    }
  })
}

void t.test('WARM-32 the very next request is stale: perl, by a link', WITH_PERL, async (t) => {
  const program = path.join(folder, 'perl')
  symlinkSync(PERL, program)
  const [script = ''] = await writeScripts(folder, { 'linked.pl': 'print 1' })
  const server = new PerlServer(t, script, { program })
  assert.equal(await server.verdict, 'ready')
  rmSync(program)
  symlinkSync('/bin/sh', program)
  assert.equal(await server.request(), `file changed: ${program}`)
})

void t.test('WARM-32 a wrapper in the place of perl', WITH_PERL, async (t) => {
  await writeScripts(folder, { 'wrapped.pl': 'print 1' })
  const program = writeProgram(folder, 'wrapper/perl', `#!/bin/sh\nexec ${PERL} "$@"\n`)
  const server = new PerlServer(t, path.join(folder, 'wrapped.pl'), { program })
  assert.equal(await server.verdict, 'plain: its interpreter is started by another program')
})
