import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const PACKAGES = path.join(folder, 'site-packages')
const environment = { PYTHONPATH: PACKAGES }
const INTERPRETERS = fileURLToPath(
  new URL('../../../../packages/warm/interpreters', import.meta.url),
)

/** Modules of site-packages, and why each is loaded by each request, as the fork server notes it. */
const NOT_SHARED: Record<string, [source: string, reason: string]> = {
  printing: ['print("x")', 'prints'],
  writing_below: ['import os\nos.write(2, b"x")', 'prints'],
  opening: ['open("/etc/passwd").close()', 'opens a file'],
  creating: ['open("/tmp/common-gateway-created", "w")', 'writes to /tmp/common-gateway-created'],
  leaving: ['import os\nleft = os.open("/dev/null", 0)', 'opens a file'],
  timing: ['import time\nSTART = time.time()', 'reads the clock'],
  timing_by_name: ['from time import monotonic as now\nSTART = now()', 'reads the clock'],
  dating: ['import datetime\nSTART = datetime.datetime.now()', 'reads the clock'],
  local: ['import time\nSTART = time.localtime()', 'reads the clock'],
  randomizing: ['import random\nA = random.random()', 'makes random numbers'],
  generator: ['import random\nA = random.Random()', 'makes random numbers'],
  secret: ['import os\nA = os.urandom(4)', 'reads random bytes'],
  secret_token: ['import secrets\nA = secrets.token_hex()', 'reads random bytes'],
  pid: ['import os\nA = os.getpid()', 'reads its process id'],
  request: ['import os\nA = os.environ.get("QUERY_STRING")', 'reads QUERY_STRING'],
  all_variables: ['import os\nA = dict(os.environ)', 'reads the whole environment'],
  setting: ['import os\nos.environ["A"] = "1"', 'changes the environment'],
  arguments: ['import sys\nA = sys.argv[0]', 'reads sys.argv'],
  thread: ['import threading\nthreading.Thread(target=int).start()', 'starts a thread'],
  connecting: ['import socket\nA = socket.socket()', 'calls for the event socket.__new__'],
  process: ['import subprocess\nsubprocess.run(["true"])', 'calls for the event subprocess.Popen'],
  forking: ['import os\nif os.fork() == 0: os._exit(0)', 'calls for the event os.fork'],
  database: [
    'import sqlite3\nA = sqlite3.connect(":memory:")',
    'calls for the event sqlite3.connect',
  ],
  choosing: ['import random\nA = random.choice("abc")', 'makes random numbers'],
  integer: ['import random\nA = random.randint(0, 9)', 'makes random numbers'],
  own_generator: ['import _random\nA = _random.Random().random()', 'makes random numbers'],
  random_of_ssl: ['import ssl\nA = ssl.RAND_bytes(4)', 'reads random bytes'],
  own_date: ['import datetime\nclass D(datetime.datetime): pass\nA = D.now()', 'reads the clock'],
  thread_id: ['import threading\nA = threading.get_native_id()', 'reads its thread id'],
  count_of_variables: ['import os\nA = len(os.environ)', 'reads the whole environment'],
  count_of_arguments: ['import sys\nA = len(sys.argv)', 'reads sys.argv'],
  existing: ['import os\nA = os.path.exists("/x")', 'looks at files'],
  path_object: ['import pathlib\nA = pathlib.Path("/x").is_dir()', 'looks at files'],
  permitted: ['import os\nA = os.access("/x", 0)', 'looks at files'],
  host_name: ['import platform\nA = platform.node()', 'reads the names of this machine'],
  processors: ['import os\nA = os.cpu_count()', 'calls os.cpu_count'],
  current_folder: ['import os\nA = os.getcwd()', 'calls os.getcwd'],
  mask: ['import os\nA = os.umask(0)', 'changes the umask'],
  limit: ['import resource\nA = resource.getrlimit(0)', 'reads a limit'],
  certificates: ['import ssl\nA = ssl.create_default_context()', 'opens a file'],
  socket_timeout: ['import socket\nsocket.setdefaulttimeout(5)', 'changes the timeout of sockets'],
  decimals: ['import decimal\ndecimal.getcontext().prec = 5', 'changes the context of decimal'],
  dialects: ['import csv\ncsv.field_size_limit(5)', 'changes the dialects of csv'],
  virtual_class: [
    'import numbers, fractions, string\nnumbers.Real.register(string.Formatter)',
    'registers a class of others',
  ],
  partial_clock: [
    'import functools, datetime\nA = functools.partial(datetime.datetime.now)().microsecond',
    'gets other values in each import: A',
  ],
  called_by_c: [
    'import itertools, os\nclass A: B = list(itertools.starmap(os.getpid, [()]))',
    'reads its process id',
  ],
  kept_and_called_by_c: [
    'import itertools, os\nclass A: B = list(itertools.starmap(getattr(os.getpid, "function", os.getpid), [()]))',
    'gets other values in each import: A',
  ],
  private_name: [
    'import ssl\nssl._create_default_https_context = ssl._create_unverified_context',
    'changes ssl',
  ],
  method: ['import json\njson.JSONEncoder.default = print', 'changes json.encoder'],
  private_table: [
    'import xml.etree.ElementTree as E\nE.register_namespace("my", "urn:x")',
    'changes xml.etree.ElementTree',
  ],
  log_level: ['import logging\nlogging.getLogger().setLevel(10)', 'changes logging'],
  logging_disabled: ['import logging\nlogging.disable(50)', 'changes logging'],
  level_name: ['import logging\nlogging.addLevelName(33, "X")', 'changes logging'],
  text_domain: ['import gettext\ngettext.textdomain("x")', 'changes gettext'],
  charset: [
    'import email.charset as c\nc.add_charset("x-q", c.QP, c.QP, "utf-8")',
    'changes email.charset',
  ],
  default_value: ['import textwrap\ntextwrap.indent.__defaults__ = (print,)', 'changes textwrap'],
  filters: [
    'import warnings\nwarnings.filterwarnings("ignore")',
    'changes the filters of warnings',
  ],
  listing: ['import os\nA = os.listdir("/")', 'looks at files and names (os.listdir)'],
  signals: ['import signal\nsignal.signal(signal.SIGUSR1, print)', 'sets a signal handler'],
  at_fork: ['import os\nos.register_at_fork(after_in_child=print)', 'registers a fork handler'],
  codec: ['import codecs\ncodecs.register(lambda name: None)', 'registers a codec'],
  locale_setting: ['import locale\nlocale.setlocale(locale.LC_ALL, "C")', 'sets the locale'],
  hook: ['import sys\nsys.excepthook = print', 'changes sys.excepthook'],
  finder: [
    'import sys\nsys.meta_path.append(None)\nsys.meta_path.pop()\nsys.path.append("/x")',
    'changes sys.path',
  ],
  patching: ['import string\nstring.digits = "1"', 'changes string.digits'],
  patching_builtins: ['import builtins\nbuiltins.extra = 1', 'changes builtins.extra'],
  registering: ['import shutil\nshutil.extra_formats = {}', 'changes shutil.extra_formats'],
}
/** Modules of site-packages that are shared as long as the script has not changed before what they read. */
const READERS: Record<string, [source: string, change: string]> = {
  slot: [
    'import string, slotted\nA = slotted.only.value',
    'import slotted; [each] = [slotted.only]; each.value = 5',
  ],
  closure: [
    'import closed\nA = closed.function()',
    'import closed; closed.function.__closure__[0].cell_contents = 5',
  ],
  cache: [
    'import cached\nA = cached._cache.get(1)',
    'import cached; getattr(cached, "_cache")[1] = 5',
  ],
  parent_logger: [
    'import with_logger.inner\nA = ""',
    'import logging; own = logging.getLogger("with_logger"); own.setLevel(10); own.addHandler(logging.StreamHandler(sys.stdout))',
  ],
  base: [
    'import bases\nA = bases.Child().value',
    'import bases; bases.Child.__bases__ = (bases.Other,)',
  ],
}
/** Modules of site-packages that are shared, with what a script sees of them. */
const SHARED: Record<string, string> = {
  quiet: 'A = 1',
  fixed_variable: 'import os\nA = os.environ.get("PYTHONPATH")',
  warning: 'import warnings\nwarnings.warn("on import", stacklevel=2)\nwarnings.warn("its own")',
  exiting: 'import atexit\natexit.register(print, "exit function")',
  logger: 'import logging\nlogging.getLogger(__name__).addHandler(logging.NullHandler())',
  virtual_subclass: 'import numbers\nclass A: pass\nnumbers.Real.register(A)',
  with_package: 'from package.inner import A',
}

/** Their places in `sys.modules` and what they have been asked are seen. */
const ORDERED: Record<string, string> = {
  aliasing: 'import sys\nsys.modules["aliasing.inner"] = sys\nimport colorsys',
  circle: 'import rest_of_circle\nA = rest_of_circle.A',
  asked:
    'names = []\ndef __getattr__(name):\n    names.append(name)\n    raise AttributeError(name)',
}

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(
      Object.entries(NOT_SHARED).map(([name, [source]]) => [`site-packages/${name}.py`, source]),
    ),
    ...Object.fromEntries(
      Object.entries({ ...SHARED, ...ORDERED }).map(([name, source]) => [
        `site-packages/${name}.py`,
        source,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(READERS).map(([name, [source]]) => [
        `site-packages/reader_of_${name}.py`,
        source,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(READERS).map(([name, [, change]]) => [
        `changer_of_${name}.py`,
        `import sys\n${change}\nimport reader_of_${name}\nsys.__stdout__.write(str(reader_of_${name}.A))`,
      ]),
    ),
    'readers.py': `${Object.keys(READERS)
      .map((name) => `import reader_of_${name}`)
      .join('\n')}\nprint(reader_of_slot.A)`,
    'site-packages/with_logger/__init__.py': '',
    'site-packages/with_logger/inner.py':
      'import logging\nlogging.getLogger(__name__).info("on import")',
    'site-packages/rest_of_circle.py': 'import circle\nA = 1',
    'site-packages/slotted.py': 'class A:\n    __slots__ = ("value",)\nonly = A()\nonly.value = 1',
    'site-packages/closed.py': 'def outer(value):\n    return lambda: value\nfunction = outer(1)',
    'site-packages/cached.py': '_cache = {}',
    'site-packages/bases.py':
      'class Base: value = 1\nclass Other: value = 5\nclass Child(Base): pass',
    'stream.py':
      'import os, time, colorsys\nwhile os.environ["QUERY_STRING"] == "stream" and not os.path.exists("end"): time.sleep(0.05)',
    'site-packages/importer.py': 'import timing',
    'site-packages/package/__init__.py': '',
    'site-packages/package/inner.py': 'from . import other\nA = other.__name__',
    'site-packages/package/other.py': '',
    'own.py': 'A = 1',
    'all.py': [...Object.keys(NOT_SHARED), 'importer', 'own']
      .map((name) => `try:\n    import ${name}\nexcept BaseException as error:\n    print(error)`)
      .join('\n'),
    'shared.py': `${Object.keys(SHARED)
      .map((name) => `import ${name}`)
      .join(
        '\n',
      )}\nimport sys, logging\nprint(list(sys.modules), package, package.inner, logging.root.manager.loggerDict.keys())`,
    'ordered.py': `import sys, ${Object.keys(ORDERED).join(', ')}\nprint(list(sys.modules), asked.names)`,
    'leaves.py': 'import os, colorsys\nos._exit(0)',
    'named.py': 'import colorsys, own\nprint(own)',
  }),
)

void t.test(
  'WARM-21 modules that do something on import are not shared',
  WITH_PYTHON,
  async (t) => {
    const server = new PythonServer(t, path.join(folder, 'all.py'), { environment })
    const notes = await server.learn()
    for (const [name, [, reason]] of Object.entries(NOT_SHARED)) {
      const note = notes.find((text) => text.startsWith(`module ${name}: `))
      assert.ok(note?.startsWith(`module ${name}: ${reason}`), `${name}: ${note}`)
    }
    assert.ok(!notes.some((text) => text.startsWith('module string')), 'the others are')
  },
)

void t.test('WARM-21 shared modules are the same as plain', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'shared.py'), { environment })
  const { stdout, stderr } = await server.compare()
  assert.match(stdout, /exit function\n$/)
  assert.match(stderr, /shared\.py:3: UserWarning: on import\n/)
  assert.match(stderr, /warning\.py:3: UserWarning: its own\n/)
  for (const name of Object.keys(SHARED)) {
    assert.ok(!server.notes.some((text) => text.startsWith(`module ${name}:`)), name)
  }
})

void t.test('WARM-21 shared modules come in the order of a plain run', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'ordered.py'), { environment })
  await server.compare()
  assert.deepEqual(
    server.notes.filter((text) => text.startsWith('module ')),
    [],
    'all are shared',
  )
})

void t.test('WARM-11 a script that ends its process teaches nothing', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'leaves.py'), { environment })
  const [note] = (await server.learn()).filter((text) => text.includes('shared'))
  assert.match(note ?? '', /^no modules are shared: the script has ended its process by itself/)
})

void t.test(
  "WARM-21 the site's own modules are shared when they are named",
  WITH_PYTHON,
  async (t) => {
    const script = path.join(folder, 'named.py')
    const plain = new PythonServer(t, script)
    await plain.compare()
    const named = new PythonServer(t, script, { modules: ['own'] })
    await named.compare()
    const count = ({ notes }: PythonServer): number =>
      parseInt(notes.find((text) => text.endsWith(' shared')) ?? '')
    assert.equal(count(named) - count(plain), 1)
  },
)

void t.test('WARM-21 what a script has changed before is not shared', WITH_PYTHON, async (t) => {
  const readers = new PythonServer(t, path.join(folder, 'readers.py'), { environment })
  await readers.compare()
  assert.deepEqual(
    readers.notes.filter((text) => text.startsWith('module ')),
    [],
    'each is shared',
  )
  for (const name of Object.keys(READERS)) {
    const server = new PythonServer(t, path.join(folder, `changer_of_${name}.py`), { environment })
    await server.compare()
  }
})

void t.test('WARM-21 nothing is the same where memory cannot be compared', WITH_PYTHON, (t) => {
  const program = `
import sys
sys.path.insert(0, sys.argv[1])
from importlib_bootstrap_server import library_state
state = library_state.LibraryState()
state.remember(dict(sys.modules), [])
print(state.is_startup_same())
library_state.Memory.table_of = lambda memory, names: [(1 << 64, 8)] # no address
print(library_state.LibraryState().is_startup_same())
library_state.Memory.can_see = lambda memory: False
state = library_state.LibraryState()
state.remember(dict(sys.modules), [])
print(state.is_startup_same())`
  const { stdout, stderr } = spawnSync(PYTHON, ['-c', program, INTERPRETERS], { encoding: 'utf8' })
  assert.equal(stdout, 'True\nFalse\nFalse\n', stderr)
  t.end()
})

void t.test(
  'WARM-21 a run that goes on does not keep others from being learnt',
  WITH_PYTHON,
  async (t) => {
    const server = new PythonServer(t, path.join(folder, 'stream.py'), { environment })
    await server.untilReady()
    const stream = server.request({ environment: { QUERY_STRING: 'stream' } })
    await server.learn()
    writeFileSync(path.join(folder, 'end'), '')
    assert.ok(typeof (await stream) !== 'string')
  },
)
