import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { CGI_BIN } from '../support/fixtures.js'

const OWN = fileURLToPath(new URL('../../soak', import.meta.url))

/** The folders of a host that is soaked. */
export interface SoakSite {
  /** The root of the scripts. */
  readonly root: string
  readonly temporary: string
  /** Where scripts write what only the client is to know. */
  readonly notes: string
  /** What scripts may have sent. */
  readonly sent: string
  /** The folder of the file that holds it. */
  readonly files: string
  /** What is in the environment of every script, and of whatever it starts. */
  readonly mark: string
  readonly env: Readonly<Record<string, string>>
  /** Programs in which good scripts are written here, besides sh: none that the system has not. */
  readonly languages: readonly Language[]
  remove(): void
}

type Language = 'c' | 'perl' | 'python'

export function createSoakSite(): SoakSite {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-soak-'))
  const [root, temporary, notes, files] = ['cgi-bin', 'temporary', 'notes', 'files'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string]
  for (const each of [temporary, notes, files]) mkdirSync(each)
  cpSync(CGI_BIN, root, { recursive: true, verbatimSymlinks: true })
  cpSync(path.join(CGI_BIN, '../outside.cgi'), path.join(folder, 'outside.cgi'))
  cpSync(path.join(OWN, 'cgi-bin'), root, { recursive: true })
  const sent = 'sent by the host\n'.repeat(5_000)
  const file = path.join(files, 'sent')
  writeFileSync(file, sent)
  const id = randomUUID()
  return {
    root,
    temporary,
    notes,
    sent,
    files,
    mark: `SOAKED=${id}`,
    env: { SOAKED: id, SENT_FILE: file },
    languages: findLanguages(root),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function findLanguages(root: string): Language[] {
  const output = path.join(root, 'token')
  const works = (program: string, ...args: string[]): boolean =>
    spawnSync(program, args, { stdio: 'ignore' }).status === 0
  const languages: Language[] = []
  if (works('gcc', '-o', output, path.join(OWN, 'token.c'))) languages.push('c')
  if (works('perl', '-e', '1')) languages.push('perl')
  if (works('python3', '-c', '')) languages.push('python')
  return languages
}
