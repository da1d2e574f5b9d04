import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs as needsApps } from '../../apps/programs.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)
const environment = { PYTHONPATH: path.join(folder, 'site-packages') }

/** Modules of site-packages that are shared as long as the script has not set before what they read. */
const SHARED: Record<string, [source: string, change: string]> = {
  hook: ['import sys\nA = sys.excepthook is sys.__excepthook__', 'sys.excepthook = print'],
  hook_by_name: [
    'from sys import excepthook, __excepthook__\nA = excepthook is __excepthook__',
    'import cgitb; cgitb.enable()',
  ],
  hook_by_text: ['import sys\nA = getattr(sys, "excepthook").__name__', 'sys.excepthook = print'],
  hook_in_table: ['import sys\nA = vars(sys)["excepthook"].__name__', 'sys.excepthook = print'],
  hook_in_function: [
    'import sys\nclass B:\n    def c(self): return sys.excepthook.__name__\nA = B().c()',
    'sys.excepthook = print',
  ],
  hook_by_function: ['import with_hook\nA = with_hook.name()', 'sys.excepthook = print'],
  display: ['import sys as s\nA = s.displayhook.__name__', 'sys.displayhook = print'],
  output: ['import sys\nA = type(sys.stdout).__name__', 'import io; sys.stdout = io.StringIO()'],
  output_by_name: ['from sys import stderr\nA = stderr.name', 'sys.stderr = sys.stdout'],
  output_encoding: [
    'import sys\nA = sys.stdout.encoding',
    'sys.stdout.reconfigure(encoding="latin-1")',
  ],
  error_errors: ['import sys\nA = sys.stderr.errors', 'sys.stderr.reconfigure(errors="ignore")'],
  buffering: [
    'import sys\nA = sys.stdout.line_buffering',
    'sys.stdout.reconfigure(line_buffering=True)',
  ],
  terminal: [
    'import sys\nA = sys.stdout.isatty()',
    'import os, pty; os.dup2(pty.openpty()[1], 2); sys.stdout = sys.stderr',
  ],
  recursion: ['import sys\nA = sys.getrecursionlimit()', 'sys.setrecursionlimit(4321)'],
  search_path: ['import sys\nA = "/added" in sys.path', 'sys.path.append("/added")'],
  search_path_by_name: ['from sys import path\nA = len(path)', 'sys.path.append("/added")'],
  search_path_copied: ['import sys\nA = [*sys.path][-1]', 'sys.path.append("/added")'],
  replaced_path: ['import sys\nA = sys.path[-1]', 'sys.path = [*sys.path, "/added"]'],
  bytecode: ['import sys\nA = sys.dont_write_bytecode', 'sys.dont_write_bytecode = 7'],
  trace_limit: ['import sys\nA = getattr(sys, "tracebacklimit", None)', 'sys.tracebacklimit = 3'],
  own_name: ['import sys\nA = getattr(sys, "configuration", None)', 'sys.configuration = 3'],
  options: ['import sys\nA = list(sys.warnoptions)', 'sys.warnoptions.append("ignore")'],
  flags: [
    'import sys\nA = getattr(sys.flags, "verbose", None)',
    'import types; sys.flags = types.SimpleNamespace(verbose=9)',
  ],
  most_digits: [
    'try: A = int("9" * 5000) > 0\nexcept ValueError: A = "too many"',
    'import sys; getattr(sys, "set_int_max_str_digits", int)(0)',
  ],
  error_handler: [
    'A = "\\u1234".encode("ascii", "namereplace")',
    'import codecs; codecs.register_error("namereplace", lambda error: ("own", error.end))',
  ],
  codec: [
    'try: A = str(b"a", "own")\nexcept LookupError: A = 0',
    'import codecs; codecs.register(lambda name: codecs.CodecInfo(None, lambda *_: ("own", 1), name="own") if name == "own" else None)',
  ],
  copies: [
    'import copy\nA = copy.copy(1j)',
    'import copyreg; copyreg.pickle(complex, lambda _: (str, ()))',
  ],
  pickles: [
    'import pickle\nA = pickle.dumps(1j)',
    'import copyreg; copyreg.pickle(complex, lambda _: (str, ()))',
  ],
  depth: [
    'def f(n): return n and f(n - 1)\ntry: A = f(400)\nexcept RecursionError: A = "too deep"',
    'sys.setrecursionlimit(200)',
  ],
  time_zone: [
    'import time\nA = time.mktime((2000, 1, 1, 0, 0, 0, 0, 1, 0))',
    'import os; os.environ["TZ"] = "UTC+5"',
  ],
  field_size: [
    'import csv\ntry: A = list(csv.reader(["a" * 50]))\nexcept csv.Error: A = "too long"',
    'import csv; csv.field_size_limit(10)',
  ],
  thread: [
    'import threading\nA = threading.main_thread().name',
    'import threading; threading.current_thread().name = "own"',
  ],
}
/** Modules of site-packages that are never shared, why, and what a script may set before. */
const NOT_SHARED: Record<string, [source: string, reason: string, change: string]> = {
  main: ['import __main__\nA = getattr(__main__, "SET", None)', 'uses __main__', 'SET = 5'],
  main_in_table: [
    'import sys\nA = sys.modules["__main__"].__dict__.get("SET")',
    'uses __main__',
    'SET = 5',
  ],
  main_by_name: [
    'try:\n    from __main__ import SET as A\nexcept ImportError:\n    A = None',
    'uses __main__',
    'SET = 5',
  ],
  frames: [
    'import sys\nf, A = sys._getframe(), 0\nwhile f.f_globals["__name__"] != "__main__": f, A = f.f_back, A + 1',
    'looks at the frames',
    'pass',
  ],
  frame_of_script: [
    'import sys\nA, n = None, 0\ntry:\n    while A is None: n += 1; A = sys._getframe(n).f_globals.get("SET")\nexcept ValueError: pass',
    'looks at the frames',
    'SET = 5',
  ],
  stack: [
    'import inspect\nA = next(each.lineno for each in inspect.stack() if "reader_of" not in each.filename and "frozen" not in each.filename)',
    'looks at the frames',
    'pass',
  ],
  trace: [
    'import traceback\nA = [each.line for each in traceback.extract_stack() if each.line][-2]',
    'looks at the frames',
    'pass',
  ],
  input: ['import sys\nA = sys.stdin.read()', 'reads standard input', 'pass'],
  input_line: ['from sys import stdin\nA = next(stdin, "")', 'reads standard input', 'pass'],
  filters: ['import warnings\nA = len(warnings.filters)', 'reads the filters', 'pass'],
  filters_copied: [
    'from warnings import filters\nA = [each[0] for each in filters]',
    'reads the filters',
    'import warnings; warnings.simplefilter("always")',
  ],
  folder: ['import os\nA = os.getcwd()', 'calls os.getcwd', 'import os; os.chdir("/")'],
  folder_by_partial: [
    'import functools, os\nA = functools.partial(os.getcwd)()',
    'calls os.getcwd',
    'import os; os.chdir("/")',
  ],
  folder_by_name: [
    'import operator, os\nA = operator.methodcaller("getcwd")(os)',
    'calls os.getcwd',
    'import os; os.chdir("/")',
  ],
  folder_by_module: [
    'import os\nA = list(map(os.fspath.__self__.stat, ["."]))[0].st_ino',
    'looks at files',
    'import os; os.chdir("/")',
  ],
  folder_by_alias: [
    'from posix import getcwdb\nA = next(iter(getcwdb, None))',
    'calls os.getcwdb',
    'import os; os.chdir("/")',
  ],
  timeout_by_partial: [
    'import functools, socket\nA = functools.partial(socket.getdefaulttimeout)()',
    'reads the timeout',
    'import socket; socket.setdefaulttimeout(5)',
  ],
  limit_by_partial: [
    'import functools, resource\nA = functools.partial(resource.getrlimit, resource.RLIMIT_NOFILE)()',
    'reads a limit',
    'import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))',
  ],
  collection_by_partial: [
    'import functools, gc\nA = functools.partial(gc.isenabled)()',
    'looks at the garbage collector',
    'import gc; gc.disable()',
  ],
  interval: [
    'import functools, sys\nA = functools.partial(sys.getswitchinterval)()',
    'looks at the interpreter',
    'sys.setswitchinterval(0.5)',
  ],
  stack_size: [
    'import functools, threading\nA = functools.partial(threading.stack_size)()',
    'changes the stack of threads',
    'import threading; threading.stack_size(1 << 20)',
  ],
  caught_warnings: [
    'import warnings\nwith warnings.catch_warnings(record=True) as A: warnings.warn("a", DeprecationWarning)\nA = len(A)',
    'catches warnings',
    'import warnings; warnings.simplefilter("always")',
  ],
  mask: ['import os\nA = os.umask(7); os.umask(A)', 'changes the umask', 'import os; os.umask(3)'],
  signal: [
    'import signal\nA = signal.getsignal(10)',
    'reads a signal handler',
    'import signal; signal.signal(10, signal.SIG_IGN)',
  ],
  timeout: [
    'import socket\nA = socket.getdefaulttimeout()',
    'reads the timeout',
    'import socket; socket.setdefaulttimeout(5)',
  ],
  locale: [
    'import locale\nA = locale.setlocale(locale.LC_ALL, None)',
    'sets the locale',
    'import locale; locale.setlocale(locale.LC_ALL, "C")',
  ],
  locale_by_category: [
    'import locale\nA = locale.getlocale(locale.LC_CTYPE)',
    'sets the locale',
    'import locale; locale.setlocale(locale.LC_ALL, "C")',
  ],
  collection: [
    'import gc\nA = gc.get_threshold(), gc.isenabled()',
    'looks at the garbage collector',
    'import gc; gc.set_threshold(9); gc.disable()',
  ],
  limit: [
    'import resource\nA = resource.getrlimit(resource.RLIMIT_NOFILE)',
    'reads a limit',
    'import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))',
  ],
  context: [
    'import decimal\nA = decimal.getcontext().prec',
    'changes the context of decimal',
    'import decimal; decimal.getcontext().prec = 5',
  ],
  precision: [
    'import decimal\nA = str(decimal.Decimal(2) / 3)',
    'changes context variables',
    'import decimal; decimal.getcontext().prec = 6',
  ],
  original_arguments: [
    'import sys\nA = getattr(sys, "orig_argv", sys.argv)[1:]',
    'reads sys.',
    'pass',
  ],
  environment_by_dict: [
    'import os\nA = dict.get(os.environ._data, b"QUERY_STRING")',
    'reads the whole environment',
    'import os; os.environ["QUERY_STRING"] = "b"',
  ],
  all_names: [
    'from sys import *\nA = excepthook.__name__\ndel argv; globals().pop("_".join(("orig", "argv")), None)',
    'imports all names',
    'sys.excepthook = print',
  ],
  arguments: ['import sys\nA = list(sys.argv)', 'reads sys.argv', 'sys.argv[1:] = ["own"]'],
}
const SOURCES = [...Object.entries(SHARED), ...Object.entries(NOT_SHARED)]

function readers(names: readonly string[]): string {
  return `${names.map((name) => `import reader_of_${name}`).join('\n')}
print(${names.map((name) => `reader_of_${name}.A`).join(', ')}, sep="\\n")`
}

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(
      SOURCES.map(([name, [source]]) => [`site-packages/reader_of_${name}.py`, source]),
    ),
    ...Object.fromEntries(
      SOURCES.map(([name, each]) => [
        `changer_of_${name}.py`,
        `import sys\n${each.at(-1)}\nimport reader_of_${name}\nsys.__stdout__.write(str(reader_of_${name}.A))`,
      ]),
    ),
    'site-packages/with_hook.py': 'import sys\ndef name(): return sys.excepthook.__name__',
    'site-packages/input_kept.py': 'import sys\ndef read(stream=sys.stdin): return stream.read()',
    'site-packages/in_the_locale.py':
      'import time\nA = time.strftime("%B", (2000, 1, 1, 0, 0, 0, 0, 1, 0)), format(1000, "n")',
    'locale_first.py':
      'import locale\nlocale.setlocale(locale.LC_ALL, "de_DE.UTF-8")\nimport in_the_locale\nprint(*in_the_locale.A)',
    'shared.py': readers(Object.keys(SHARED)),
    'not-shared.py': readers(Object.keys(NOT_SHARED)),
    'kept.py': 'import input_kept\nprint(input_kept.read())',
  }),
)

void t.test('WARM-21 modules that read what a script has not set', WITH_PYTHON, async (t) => {
  const shared = new PythonServer(t, path.join(folder, 'shared.py'), { environment })
  await shared.compare()
  assert.deepEqual(
    shared.notes.filter((text) => text.startsWith('module reader')),
    [],
    'each is shared',
  )
  const others = new PythonServer(t, path.join(folder, 'not-shared.py'), { environment })
  await others.compare({ body: 'first\nsecond\n' })
  for (const [name, [, reason]] of Object.entries(NOT_SHARED)) {
    const note = others.notes.find((text) => text.startsWith(`module reader_of_${name}: `))
    assert.ok(note?.startsWith(`module reader_of_${name}: ${reason}`), `${name}: ${note}`)
  }
})

for (const [name] of SOURCES) {
  void t.test(`WARM-21 what a script has set is read: ${name}`, WITH_PYTHON, async (t) => {
    const script = path.join(folder, `changer_of_${name}.py`)
    await new PythonServer(t, script, { environment }).compare({ args: ['argument'] })
  })
}

const NEEDS_LOCALES = { ...needsApps('locales'), timeout: 300_000 }

void t.test(
  'WARM-21 the locale that a script has set is read by C code',
  NEEDS_LOCALES,
  async (t) => {
    const locales = path.join(folder, 'locales')
    mkdirSync(locales)
    execFileSync('localedef', ['-i', 'de_DE', '-f', 'UTF-8', path.join(locales, 'de_DE.UTF-8')])
    const script = path.join(folder, 'locale_first.py')
    const server = new PythonServer(t, script, {
      environment: { ...environment, LOCPATH: locales },
    })
    const { stdout } = await server.compare()
    assert.equal(stdout, 'Januar 1.000\n')
    assert.deepEqual(
      server.notes.filter((text) => text.startsWith('module ')),
      [],
      'it is shared',
    )
  },
)

void t.test('WARM-21 a module may keep standard input', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'kept.py'), { environment })
  const { stdout } = await server.compare({ body: 'the body' })
  assert.equal(stdout, 'the body\n')
  assert.deepEqual(
    server.notes.filter((text) => text.startsWith('module ')),
    [],
    'it is shared',
  )
})
