import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PYTHON } from '../interpreters.js'

/** Writes a shim as `pyenv rehash` does. */
export function writeShim(root: string, program = `${root}/libexec/pyenv`): string {
  return writeProgram(
    `${root}/shims/python3`,
    `#!/usr/bin/env bash
set -e
[ -n "$PYENV_DEBUG" ] && set -x

program="\${0##*/}"

export PYENV_ROOT="${root}"
SHIM_PATH=\${0%/*}
if [[ $SHIM_PATH != "${root}/shims" ]]; then
  export _PYENV_SHIM_PATH="$SHIM_PATH"
fi
exec "${program}" exec "$program" "$@"
`,
  )
}

/** Writes the folder of a small pyenv, which has the versions `one` and `two` of the same Python. Returns its shim. */
export function writePyenv(root: string): string {
  writeProgram(
    `${root}/libexec/pyenv`,
    `#!/usr/bin/env bash
program=$2
shift 2
export PYENV_DIR="$PWD" PYENV_HOOK_PATH=":$PYENV_ROOT/pyenv.d"
export PYENV_VERSION="$(cat .python-version 2>/dev/null || cat "$PYENV_ROOT/version")"
export PATH="$PYENV_ROOT/versions/$PYENV_VERSION/bin:$PYENV_ROOT/libexec:$PATH"
exec "$PYENV_ROOT/versions/$PYENV_VERSION/bin/$program" "$@"
`,
  )
  for (const version of ['one', 'two']) {
    mkdirSync(`${root}/versions/${version}/bin`, { recursive: true })
    symlinkSync(PYTHON, `${root}/versions/${version}/bin/python3`)
  }
  writeFileSync(`${root}/version`, 'one\n')
  return writeShim(root)
}

function writeProgram(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, 0o755)
  return file
}
