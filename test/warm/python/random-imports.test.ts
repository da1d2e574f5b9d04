import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

/** `SEED=7 SCRIPTS=200` of the environment try others. */
const SEED = Number(process.env['SEED'] ?? 1)
const SCRIPTS = Number(process.env['SCRIPTS'] ?? 12)
const WITH_PYTHON = { ...needs(PYTHON), timeout: 60_000 + SCRIPTS * 30_000 }

const MODULES =
  `argparse array ast asyncio base64 bisect bz2 calendar cmd code codecs collections.abc colorsys concurrent.futures
  configparser contextlib copy cProfile csv ctypes dataclasses datetime decimal difflib dis doctest email email.message
  email.mime.multipart enum filecmp fileinput fnmatch fractions functools getopt getpass gettext glob graphlib gzip hashlib
  heapq hmac html html.parser http.client http.cookiejar http.cookies http.server imaplib importlib.metadata
  importlib.resources inspect io itertools json json.tool linecache locale logging logging.config logging.handlers lzma
  mimetypes multiprocessing netrc operator optparse os.path pathlib pdb pickle pkgutil platform plistlib pprint pstats queue
  quopri random re runpy sched secrets select selectors shelve shlex shutil signal smtplib socket sqlite3 ssl stat statistics
  string struct subprocess tarfile tempfile textwrap threading time timeit token tokenize trace traceback types typing
  unicodedata unittest unittest.mock urllib.parse urllib.request uuid warnings weakref wsgiref.handlers
  wsgiref.simple_server xml.dom.minidom xml.etree.ElementTree xml.sax xmlrpc.client zipfile zlib zoneinfo`.split(
    /\s+/,
  )
/** What a script does between its imports. */
const CHANGES = [
  'print("Content-Type: text/plain")',
  'number = str(1)',
  'import os; os.own = 1',
  'import builtins; builtins._ = str',
  'import sys; sys.path.insert(0, "/nonexistent")',
  'import sys; sys.stdout.reconfigure(encoding="utf-8")',
  'import sys, io; sys.stderr = io.StringIO()',
  'import string; string.digits = "0"',
  'import functools; functools.own = 2',
  'import socket; socket.setdefaulttimeout(3)',
  'import warnings; warnings.simplefilter("ignore")',
]
/** All modules in their order, with their names in theirs. `copyreg` has tables of others. */
const DUMP = `
import sys
for name, module in list(sys.modules.items()):
    names = vars(module) if type(module) is type(sys) and name not in ('__main__', 'copyreg') else ()
    print(name, *[each for each in names if not each.startswith('_') or each == '__all__'])
`

/** Numbers from 0 to 1, the same for each seed (Numerical Recipes). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

function createScript(random: () => number): string {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? ''
  const lines = Array.from({ length: 1 + Math.floor(random() * 7) }, (_, number) => {
    const change = random() < 0.4 ? `${pick(CHANGES)}\n` : ''
    const form = random()
    if (form < 0.2)
      return `${change}def load_${number}():\n    import ${pick(MODULES)}\nload_${number}()\n`
    if (form < 0.4) return `${change}import ${pick(MODULES)}, ${pick(MODULES)}\n`
    return `${change}import ${pick(MODULES)}\n`
  })
  return lines.join('') + DUMP
}

const folder = createTemporaryFolder(t)
const random = createRandom(SEED)
const scripts = Array.from({ length: SCRIPTS }, () => createScript(random))

void t.test(`WARM-40 scripts with random imports, seed ${SEED}`, WITH_PYTHON, async (t) => {
  // Each has a folder of its own: a name in it would hide a module.
  const files = scripts.map((_, number) => `${number}/script.py`)
  await writeScripts(
    folder,
    Object.fromEntries(files.map((file, number) => [file, scripts[number] ?? ''])),
  )
  for (const [number, file] of files.entries()) {
    const server = new PythonServer(t, path.join(folder, file))
    const plain = await server.plain()
    await server.learn()
    for (let run = 0; run < 2; run += 1) {
      const answer = await server.request()
      // After a doubt, no fork server takes it.
      if (typeof answer !== 'string')
        assert.deepEqual(answer, plain, `${number}: ${scripts[number]}`)
    }
  }
})
