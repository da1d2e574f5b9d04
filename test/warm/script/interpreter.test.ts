import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import t from 'tap'
import { splitCommand } from '@internal/warm/script/command-line.js'
import { findInterpreter } from '@internal/warm/script/interpreter.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'

const folder = createTemporaryFolder(t)
const bin = `${folder}/bin`
const python = writeProgram(folder, 'bin/python3', '\x7fELF')
const perl = writeProgram(folder, 'bin/perl5.36', '\x7fELF')
symlinkSync(perl, `${bin}/perl`)
writeProgram(folder, 'shims/python3', '#!/bin/sh\n')
let scripts = 0

/** Writes a script that begins with a line, and finds the interpreter of a command for it. */
function find(line: string, command: readonly string[] = []): ReturnType<typeof findInterpreter> {
  const script = writeProgram(folder, `script-${(scripts += 1)}`, `${line}\nprint(1)\n`)
  const [program, ...args] = [...command, script]
  const environment = { PATH: `${folder}/none:${bin}` }
  return findInterpreter(splitCommand([program, ...args]), { cwd: folder, environment })
}

void t.test('WARM-3 takes a command apart', async () => {
  const rows = [
    [['/a.py'], ['/a.py'], '/a.py', []],
    [['/a.py', 'x', '-y'], ['/a.py'], '/a.py', ['x', '-y']],
    [['/bin/python3', '/a.py', 'x'], ['/bin/python3', '/a.py'], '/a.py', ['x']],
    [['/bin/python3', '-u', '/a.py'], ['/bin/python3', '-u', '/a.py'], '/a.py', []],
    [
      ['/bin/python3', '-X', 'utf8', '/a.py', '-z'],
      ['/bin/python3', '-X', 'utf8', '/a.py'],
      '/a.py',
      ['-z'],
    ],
    [['/bin/perl5.36.0', '-w', '/a'], ['/bin/perl5.36.0', '-w', '/a'], '/a', []],
    [['/cgi-bin/perl'], ['/cgi-bin/perl'], '/cgi-bin/perl', []],
  ] as const
  for (const [command, own, script, args] of rows) {
    assert.deepEqual(splitCommand(command), { command: own, script, args })
  }
})

void t.test('WARM-3 finds the interpreter of a #! line', async () => {
  const searched = (name: string): string[] => [`${folder}/none/${name}`, `${bin}/${name}`]
  for (const [line, program, flags, language, decisive] of [
    [`#!${python}`, python, [], 'python'],
    [`#! ${python} -u `, python, ['-u'], 'python'],
    [`#!${python} -Es`, python, ['-Es'], 'python'],
    ['#!/usr/bin/env python3', python, [], 'python', searched('python3')],
    ['#!/usr/bin/env perl', `${bin}/perl`, [], 'perl', searched('perl')],
    [`#!${perl} -w`, perl, ['-w'], 'perl'],
  ] as const) {
    assert.deepEqual(
      find(line),
      { language, program, flags, isShim: false, decisive: decisive ?? [] },
      line,
    )
  }
})

void t.test('WARM-3 finds the interpreter of a command', async () => {
  const own = { isShim: false, decisive: [] }
  const flags = ['-u', '-X', 'utf8', '-W', 'ignore']
  for (const [line, command, language] of [
    ['print(0)', [python], 'python'],
    ['#!/bin/sh', [python, ...flags], 'python'],
    ['#!/usr/bin/perl -w', [perl], 'perl'],
  ] as const) {
    const [program, ...rest] = command
    assert.deepEqual(find(line, command), { language, program, flags: rest, ...own }, line)
  }
})

void t.test('WARM-3 says why a script is started plainly', async () => {
  for (const [line, reason, command] of [
    ['#!/bin/sh', 'it is neither Python nor Perl'],
    ['\x7fELF', 'it has no line #!'],
    ['#!python3', 'its line #! has no absolute path'],
    [`#!${perl} -T`, 'flag -T'],
    [`#!${perl} -wT`, 'flag -wT'],
    [`#!${python} -i`, 'flag -i'],
    [`#!${python} -m cgi`, 'flag -m cgi'],
    ['#!/usr/bin/env -S python3 -u', 'its line #! has arguments of env'],
    ['#!/usr/bin/env A=b', 'its line #! has arguments of env'],
    ['#!/usr/bin/env', 'its line #! has arguments of env'],
    ['#!/usr/bin/env python3.99', 'its interpreter is not in PATH'],
    [`#!${folder}/shims/python3`, 'its interpreter is a script'],
    ['', 'flag -i', [python, '-i']],
    ['', 'flag -Ximporttime', [python, '-X', 'importtime']],
    // Perl reads the line itself, and executes another program in its place.
    ['#!/usr/bin/perl -T', 'flag -T', [perl]],
    ['#!/usr/bin/perl -w -l', 'flag -l', [perl]],
    ['#!/usr/bin/ruby', 'its line #! names another program', [perl]],
  ] as const) {
    assert.equal(find(line, command), reason, line)
  }
})

void t.test('WARM-3 a script that cannot be read is started plainly', async () => {
  const line = splitCommand([`${folder}/missing`])
  const context = { cwd: folder, environment: { PATH: bin } }
  assert.equal(findInterpreter(line, context), 'it has no line #!')
})

void t.test('WARM-3 env(1) may find another program in another working directory', async () => {
  const line = splitCommand([writeProgram(folder, 'env.py', '#!/usr/bin/env python3\n')])
  for (const PATH of [`:${bin}`, `.:${bin}`, '']) {
    const context = { cwd: folder, environment: { PATH } }
    assert.equal(findInterpreter(line, context), 'its interpreter is not in PATH')
  }
})
