// The PATH of tests.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import path from 'node:path'

const { PATH = '' } = process.env

/**
 * The PATH of this process. If its first python3 is a shim, as those of pyenv, asdf and mise are, the folder of the interpreter
 * comes first: a shim takes twenty times as long to start, and hundreds of scripts in the tests start Python. Tests about
 * shims have their own.
 */
export function findTestPath() {
  const folder = PATH.split(path.delimiter).find((each) => existsSync(path.join(each, 'python3')))
  if (folder === undefined || !isScript(path.join(folder, 'python3'))) return PATH
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  })
  const interpreter = stdout?.trim() ?? ''
  return path.isAbsolute(interpreter) ? path.dirname(interpreter) + path.delimiter + PATH : PATH
}

function isScript(file) {
  const beginning = Buffer.alloc(2)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, beginning)
  } finally {
    closeSync(descriptor)
  }
  return String(beginning) === '#!'
}
