import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Declarations, readDeclarations } from './declarations.js'
import type { ScriptRequest } from './script-run.js'
import { PERL, PYTHON } from '../interpreters.js'

/** One script of the suite, and the two kinds of request that it gets. */
export interface ScriptCase {
  readonly name: string
  readonly declarations: Declarations
  readonly requests: readonly [ScriptRequest, ScriptRequest]
}

const FIXTURES = fileURLToPath(new URL('../../../fixtures/warm/differential', import.meta.url))

const REQUEST = {
  GATEWAY_INTERFACE: 'CGI/1.1',
  SERVER_SOFTWARE: 'common-gateway',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_NAME: 'site.example',
  SERVER_PORT: '80',
  SCRIPT_NAME: '/cgi-bin/script',
}
const FIRST = {
  ...REQUEST,
  REQUEST_METHOD: 'GET',
  QUERY_STRING: 'a=1&b=%20x',
  REMOTE_ADDR: '192.0.2.1',
  HTTP_HOST: 'site.example',
  HTTP_X_BYTES: 'caf\xe9',
}
const SECOND = {
  ...REQUEST,
  REQUEST_METHOD: 'GET',
  QUERY_STRING: 'second+query',
  PATH_INFO: '/of/another/path',
  REMOTE_ADDR: '2001:db8::2',
  HTTP_HOST: 'other.example',
  HTTP_COOKIE: 'session=second',
}
const SECOND_ARGUMENTS = ['second', 'query']

/**
 * Makes the two requests of a script: they differ in all that belongs to a request.
 *
 * @param files - the folder for what the script writes.
 */
export function createRequests(
  script: string,
  { body, variables }: Pick<Declarations, 'body' | 'variables'>,
  files: string,
): readonly [ScriptRequest, ScriptRequest] {
  const cwd = path.dirname(script)
  mkdirSync(files, { recursive: true })
  const fixed = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', FILES: files, ...variables }
  const posted = body && {
    REQUEST_METHOD: 'POST',
    CONTENT_LENGTH: String(body.content.length),
    CONTENT_TYPE: 'application/x-www-form-urlencoded',
  }
  const create = (environment: Record<string, string>, args: readonly string[]): ScriptRequest => ({
    command: [script, ...args],
    cwd,
    environment: { ...fixed, ...environment, ...posted },
    body,
    files,
  })
  return [create(FIRST, []), create(SECOND, SECOND_ARGUMENTS)]
}

/** Copies the scripts of the suite to a folder, each to one of its own. */
export function createScriptCases(folder: string): readonly ScriptCase[] {
  return ['python', 'perl'].flatMap((language) =>
    readdirSync(path.join(FIXTURES, language))
      .toSorted()
      .map((entry) => {
        const source = path.join(FIXTURES, language, entry)
        const name = path.join(language, entry)
        const place = path.join(folder, name.replace(/\W/g, '-'))
        const script = path.join(place, language === 'python' ? 'script.py' : 'script.pl')
        if (statSync(source).isDirectory()) cpSync(source, place, { recursive: true })
        else mkdirSync(place)
        const main = statSync(source).isDirectory()
          ? path.join(source, path.basename(script))
          : source
        const text = readFileSync(main, 'latin1')
        const program = text.replace('/usr/bin/python3', PYTHON).replace('/usr/bin/perl', PERL)
        writeFileSync(script, program, { encoding: 'latin1', mode: 0o755 })
        const declarations = readDeclarations(text)
        return {
          name,
          declarations,
          requests: createRequests(script, declarations, `${place}.files`),
        }
      }),
  )
}
