import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder of scripts and what lies around it: whatever runs there leaves a mark. */
export interface ScriptTree {
  /** Real path of the folder whose scripts may run. */
  readonly root: string
  /** The file that gets one line, its own path, from each script that has run. */
  readonly marks: string
  remove(): void
}

const TEXT =
  '#!/bin/sh\nprintf "%s\\n" "$0" >> "$MARKS"\nprintf "Content-Type: text/plain\\n\\nran"\n'

/** By a link it would be called by a name within the root. */
const OUTSIDE = TEXT.replace('"$0"', 'outside')

/** Scripts, by their paths below the root. */
const SCRIPTS: readonly string[] = [
  'a.cgi',
  'A.CGI',
  'a b.cgi',
  'dot.',
  'back\\slash.cgi',
  'a%41.cgi',
  'a%2fb.cgi',
  'a?b.cgi',
  'a#b.cgi',
  'é.cgi',
  'new\nline.cgi',
  '-n',
  '...',
  '..a',
  '.hidden.cgi',
  '.folder/a.cgi',
  'sub/a.cgi',
  'sub/deep/a.cgi',
  'sub/.hidden',
  'indexed/index.cgi',
  'cgi-bin/a.cgi',
  'nph-a.cgi',
]

/** Links, by their paths below the root, and what they lead to. */
const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['link.cgi', 'a.cgi'],
  ['linked', 'sub'],
  ['sub/up', '..'],
  ['to-hidden', '.hidden.cgi'],
  ['out.cgi', '../outside/secret.cgi'],
  ['out', '../outside'],
  ['out-by-two', 'out'],
  ['above', '..'],
  ['slash', '/'],
  ['sibling', '../root-sibling'],
  ['circle', 'circle'],
  ['circle-1', 'circle-2'],
  ['circle-2', 'circle-1'],
  ['dangling', 'missing'],
  ['null', '/dev/null'],
]

const OTHERS: readonly string[] = ['plain.txt', 'plain.py', 'index.cgi.txt']

/** Every name that leads somewhere, or did once in some server. */
export const NAMES: readonly string[] = [
  ...new Set(
    [
      ...SCRIPTS,
      ...LINKS.map(([name]) => name),
      ...OTHERS,
      'secret.cgi',
      'outside',
      'root',
      'root-sibling',
      'etc',
      'dev',
      'missing',
      'empty',
    ].flatMap((each) => each.split('/')),
  ),
]

/** Paths of scripts, of folders, and of what cannot be reached but would be worth it. */
export const PATHS: readonly string[] = [
  ...SCRIPTS,
  'link.cgi',
  'linked/a.cgi',
  'sub/up/a.cgi',
  'sub',
  'linked',
  'indexed',
  'indexed/',
  'empty/',
  'out.cgi',
  'out/secret.cgi',
  'out-by-two/secret.cgi',
  'above/outside/secret.cgi',
  'above/root/a.cgi',
  'sibling/secret.cgi',
  'slash/etc/passwd',
  'null',
  'pipe',
  'circle/a.cgi',
]

/** Creates the tree and, beside its root, the folder `outside`, from which no script may run. */
export function createScriptTree(): ScriptTree {
  const whole = realpathSync(mkdtempSync(path.join(tmpdir(), 'common-gateway-fuzz-')))
  const root = path.join(whole, 'root')
  for (const name of SCRIPTS) write(path.join(root, name), 0o755)
  for (const name of OTHERS) write(path.join(root, name), 0o644)
  write(path.join(whole, 'outside/secret.cgi'), 0o755, OUTSIDE)
  // A sibling whose path begins as the root's does.
  write(path.join(whole, 'root-sibling/secret.cgi'), 0o755, OUTSIDE)
  mkdirSync(path.join(root, 'empty'))
  for (const [name, target] of LINKS) symlinkSync(target, path.join(root, name))
  execFileSync('mkfifo', [path.join(root, 'pipe')])
  try {
    // No URL can name it.
    const name = Buffer.concat([Buffer.from(`${root}/`), Buffer.from('\xff.cgi', 'latin1')])
    writeFileSync(name, TEXT, { mode: 0o755 })
  } catch {
    // There are file systems that hold no such name.
  }
  const marks = path.join(whole, 'marks')
  writeFileSync(marks, '')
  return { root, marks, remove: () => rmSync(whole, { recursive: true, force: true }) }
}

function write(file: string, mode: number, text = TEXT): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text, { mode })
}
