import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { SHOWN_FLAGS } from '@internal/cli/settings/flags.js'
import { needs } from '../apps/programs.js'
import { MAIN, NO_HANG } from './command.js'

function print(...args: string[]): string {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' }).stdout
}

/** A folder with the completion script of a shell, and with a file to complete. */
function createFolder(t: Test, script: string, shell: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(path.join(folder, 'completions'))
  writeFileSync(path.join(folder, 'completions', script), print('--completion', shell))
  mkdirSync(path.join(folder, 'pack ages'))
  return folder
}

/** Types lines in an interactive zsh that has a terminal; `common-gateway` writes its arguments to a file. */
const IN_ZSH = String.raw`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "cd ${'${(q)1}'}; unsetopt beep; PROMPT=; $2"
zpty -w shell 'common-gateway() { print -r -- "${'${(j:|:)@}'}" >> arguments }'
for line in "${'${@:3}'}"; do zpty -w -n shell "common-gateway $line"$'\t\r'; done
zpty -w shell exit
while zpty -r shell line; do :; done
`

for (const [way, set] of [
  [
    'in a folder of fpath',
    'fpath=($PWD/completions $fpath); autoload -Uz compinit; compinit -D -u',
  ],
  ['read by source', 'autoload -Uz compinit; compinit -D -u; source completions/_common-gateway'],
] as const) {
  void t.test(
    `CMD-30 zsh completes by the script ${way}`,
    { ...needs('zsh'), ...NO_HANG },
    async (t) => {
      const folder = createFolder(t, '_common-gateway', 'zsh')
      const typed = [
        '--ind',
        '--ind',
        '--log te',
        '--completion z',
        '-d pack',
        '--watch-err',
        'pack',
      ]
      const { status, stderr } = spawnSync(
        'zsh',
        ['-f', '-c', IN_ZSH, 'zsh', folder, set, ...typed],
        {
          encoding: 'utf8',
        },
      )
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
      assert.deepEqual(readFileSync(path.join(folder, 'arguments'), 'utf8').trim().split('\n'), [
        '--index',
        '--index',
        '--log|text',
        '--completion|zsh',
        // zsh removes the slash when the line is accepted.
        '-d|pack ages',
        '--watch-errors',
        'pack ages',
      ])
    },
  )
}

void t.test('CMD-30 fish completes flags, values and files', needs('fish'), async (t) => {
  const folder = createFolder(t, 'common-gateway.fish', 'fish')
  const complete = (typed: string): string[] => {
    const script = `source completions/common-gateway.fish; complete -C ${JSON.stringify(typed)}`
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      cwd: folder,
    })
    assert.equal(stderr, '')
    return stdout
      .split('\n')
      .flatMap((line) => line.split('\t', 1))
      .filter((word) => word !== '')
  }
  assert.deepEqual(complete('common-gateway --ind'), ['--index'])
  assert.deepEqual(complete('common-gateway --log '), ['json', 'text'])
  assert.deepEqual(complete('common-gateway --completion z'), ['zsh'])
  assert.deepEqual(complete('common-gateway -d pack'), ['pack ages/'])
  assert.deepEqual(complete('common-gateway pack'), ['pack ages/'])
  const flags = complete('common-gateway --').toSorted((one, other) => one.localeCompare(other))
  const shown = SHOWN_FLAGS.map(([name]) => `--${name}`)
  assert.deepEqual(
    flags,
    shown.toSorted((one, other) => one.localeCompare(other)),
  )
})

void t.test(
  'CMD-31 man, groff and mandoc read the page without a warning',
  needs('man', 'groff', 'mandoc'),
  async () => {
    const input = print('--man')
    for (const [program, ...args] of [
      ['groff', '-ww', '-man', '-Tutf8'],
      ['mandoc', '-T', 'lint', '-W', 'warning'],
      ['man', '--warnings=w', '-l', '-'],
    ] as const) {
      const { status, stdout, stderr } = spawnSync(program, args, {
        input,
        encoding: 'utf8',
        env: {
          ...process.env,
          MANPAGER: 'cat',
          PAGER: 'cat',
          LC_ALL: 'C.UTF-8',
          GROFF_NO_SGR: '1',
        },
      })
      assert.deepEqual([program, status, stderr], [program, 0, ''])
      if (program === 'mandoc') assert.equal(stdout, '')
      // A letter over itself is bold.
      else assert.match(stdout.replaceAll(/.[\b]/g, ''), /-d, --directory FOLDER/)
    }
  },
)
