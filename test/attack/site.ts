import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CGI_BIN } from '../support/fixtures.js'

const OWN_SCRIPTS = fileURLToPath(new URL('../../attack/cgi-bin', import.meta.url))

/** The folders of a host that is attacked: its scripts, what lies beside them, its temporary files. */
export interface Site {
  /** The root of the scripts. */
  readonly root: string
  /** A folder that no request may reach, with a `script.cgi` that leaves a mark where it is run. */
  readonly outside: string
  /** A folder in the root, with a `script.cgi` as well. */
  readonly inside: string
  /** A file of 64 MB that scripts may name. */
  readonly file: string
  readonly temporary: string
  /** What is in the environment of every script, and of whatever it starts. */
  readonly mark: string
  readonly options: object
  /** How often the script outside has been run. */
  timesOutside(): number
  remove(): void
}

export function createSite(): Site {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-attack-'))
  const root = path.join(folder, 'cgi-bin')
  const outside = path.join(folder, 'outside')
  const inside = path.join(root, 'swapped')
  const files = path.join(folder, 'files')
  const temporary = path.join(folder, 'temporary')
  const marker = path.join(folder, 'marker')
  cpSync(CGI_BIN, root, { recursive: true, verbatimSymlinks: true })
  cpSync(path.join(CGI_BIN, '../outside.cgi'), path.join(folder, 'outside.cgi'))
  cpSync(OWN_SCRIPTS, root, { recursive: true })
  for (const each of [outside, inside, files, temporary]) mkdirSync(each)
  writeScript(path.join(inside, 'script.cgi'), 'inside')
  writeScript(path.join(outside, 'script.cgi'), 'outside', `echo run >> '${marker}'`)
  const file = path.join(files, 'large')
  writeFileSync(file, '')
  truncateSync(file, 64 * 1024 * 1024)
  execFileSync('mkfifo', [path.join(files, 'pipe')])
  const id = randomUUID()
  return {
    root,
    outside,
    inside,
    file,
    temporary,
    mark: `ATTACKED=${id}`,
    options: {
      root,
      env: { ATTACKED: id },
      sendfileRoots: [files],
      maxProcesses: 16,
      bodyLimit: 64 * 1024 * 1024,
      killTimeout: 300,
      lingerTimeout: 100,
      closeTimeout: 1_000,
      headersTimeout: 10_000,
      // Of a client that half-closes as soon as it has asked an NPH script, nothing else tells that it
      // has gone.
      bodyTimeout: 6_000,
    },
    timesOutside: () =>
      existsSync(marker) ? readFileSync(marker, 'utf8').split('\n').length - 1 : 0,
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function writeScript(file: string, text: string, command = ''): void {
  writeFileSync(file, `#!/bin/sh\n${command}\nprintf 'Content-Type: text/plain\\n\\n${text}'\n`)
  chmodSync(file, 0o755)
}
