import { readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { readHead } from './file-head.js'

/** What runs a shim. Paths are byte strings. */
export interface ShimContext {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

/** The shims that `pyenv rehash` writes, in all of their versions since 1.2: their root, and the program pyenv. */
const SHIM = new RegExp(
  [
    '^#!/usr/bin/env bash\nset -e\n\\[ -n "\\$PYENV_DEBUG" \\] && set -x\n\nprogram="\\$\\{0##\\*/\\}"\n',
    '\nexport PYENV_ROOT="([^"$`\\\\\n]+)"\n',
    '(?:SHIM_PATH=\\$\\{0%/\\*\\}\nif \\[\\[ \\$SHIM_PATH != "\\1/shims" \\]\\]; then\n',
    '  export _PYENV_SHIM_PATH="\\$SHIM_PATH"\nfi\n)?',
    'exec "([^"$`\\\\\n]+)" exec "\\$program" "\\$@"\n$',
  ].join(''),
)
const MOST_BYTES = 4096

/** Variables that change how bash or pyenv itself works. */
const UNUSUAL_VARIABLE =
  /^(?:BASH_ENV|BASH_FUNC_.*|BASH_XTRACEFD|BASHOPTS|SHELLOPTS|POSIXLY_CORRECT|CDPATH|PYENV_DEBUG|PYENV_HOOK_PATH|PYENV_NATIVE_EXT)$/s

/** The parts of pyenv that choose a version, in its folder `libexec`. */
const PARTS = [
  '',
  '-exec',
  '-hooks',
  '-latest',
  '-prefix',
  '-version-file',
  '-version-file-read',
  '-version-name',
  '-which',
]
/** When hooks are called meanwhile. */
const EVENTS = ['exec', 'version-name', 'version-origin', 'which']
/** Where hooks of others are looked for. */
const FURTHER_HOOKS = [
  '/usr/etc/pyenv.d',
  '/usr/local/etc/pyenv.d',
  '/etc/pyenv.d',
  '/usr/lib/pyenv/hooks',
]
/** Its hooks look at files of versions only. */
const KNOWN_PLUGIN = 'pyenv-virtualenv'

/** Whether a program is a shim of pyenv. */
export function isPyenvShim(program: string): boolean {
  return SHIM.test(readHead(program, MOST_BYTES))
}

/**
 * Finds the files that decide which interpreter a shim of pyenv starts, as `pyenv exec` does: the shim, pyenv itself, its
 * hooks, the files that name a version, the installed versions, and the programs of that name in PATH.
 *
 * @returns the files, which need not be there; or why it is uncertain.
 */
export function findDecisiveFiles(
  shim: string,
  { cwd, environment }: ShimContext,
): readonly string[] | string {
  const [, root, program] = SHIM.exec(readHead(shim, MOST_BYTES)) ?? []
  if (root === undefined || program === undefined) return 'its interpreter is a script'
  const unusual = Object.keys(environment).find((name) => UNUSUAL_VARIABLE.test(name))
  if (unusual !== undefined) return `its interpreter is a shim, which depends on ${unusual}`
  const { PYENV_DIR, PWD, PATH = '' } = environment
  const searched = PATH.split(':')
  if (!searched.every((folder) => folder.startsWith('/'))) {
    return 'its interpreter is a shim, and PATH has a relative folder'
  }
  const prefix = path.posix.dirname(path.posix.dirname(realPath(program)))
  const plugins = [...new Set([root, prefix])].map((folder) => `${folder}/plugins`)
  const hooks = [root, prefix].map((folder) => `${folder}/pyenv.d`)
  for (const folder of plugins) {
    for (const plugin of namesIn(folder)) hooks.push(`${folder}/${plugin}/etc/pyenv.d`)
  }
  const events = [...hooks, ...FURTHER_HOOKS].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => EVENTS.includes(name))
      .map((name) => `${folder}/${name}`),
  )
  const scripts = events.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.endsWith('.bash'))
      .map((name) => `${folder}/${name}`),
  )
  const foreign = scripts.find((script) => !isKnownHook(script, [root, prefix]))
  if (foreign !== undefined) return `its interpreter is a shim with the hook ${foreign}`
  const name = path.posix.basename(shim)
  const folders = [cwd, PYENV_DIR, PWD].filter((folder) => folder !== undefined)
  const found = [
    shim,
    program,
    ...PARTS.map((part) => `${prefix}/libexec/pyenv${part}`),
    ...plugins,
    ...hooks,
    ...FURTHER_HOOKS,
    ...events,
    ...scripts,
    ...folders.flatMap((folder) => [folder, realPath(folder)]).flatMap(versionFiles),
    `${root}/version`,
    `${root}/versions`,
    ...namesIn(`${root}/versions`).map((version) => `${root}/versions/${version}/bin/${name}`),
    ...searched.map((folder) => `${folder}/${name}`),
  ]
  return [...new Set(found)]
}

function isKnownHook(script: string, roots: readonly string[]): boolean {
  const folders = roots.flatMap((root) => [`${root}/pyenv.d/`, `${root}/plugins/${KNOWN_PLUGIN}/`])
  return folders.some((folder) => script.startsWith(folder))
}

/** Where `pyenv version-file` looks, from a folder up to the root. */
function versionFiles(folder: string): readonly string[] {
  const files: string[] = []
  for (let each = folder; ; each = path.posix.dirname(each)) {
    files.push(path.posix.join(each, '.python-version'))
    if (each === path.posix.dirname(each)) return files
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(toBytes(folder), 'latin1')
  } catch {
    return []
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(toBytes(file), 'latin1')
  } catch {
    return file
  }
}

function toBytes(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1')
}
