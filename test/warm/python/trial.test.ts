import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)
const environment = { PYTHONPATH: path.join(folder, 'site-packages') }

/** Modules of site-packages, what another one changes in them, and how a script sees it. */
const REGISTRIES: Record<string, [hub: string, plug: string, seen?: string]> = {
  default_table: [
    'from collections import defaultdict\nA = defaultdict(list)',
    'hub.A["save"].append("plug")',
  ],
  list_in_default_table: [
    'from collections import defaultdict\nA = defaultdict(list, save=[])',
    'hub.A["save"].append("plug")',
  ],
  ordered_table: ['from collections import OrderedDict\nA = OrderedDict()', 'hub.A["plug"] = 1'],
  queue: ['from collections import deque\nA = deque()', 'hub.A.append("plug")'],
  queue_of_one: ['from collections import deque\nA = deque([1])', 'hub.A[0] = "plug"'],
  own_queue: [
    'import collections\nclass Q(collections.deque): pass\nA = Q([3], 1)',
    'hub.A.append("plug")',
  ],
  counter: ['from collections import Counter\nA = Counter()', 'hub.A["plug"] += 1'],
  own_table: ['class Table(dict): pass\nA = Table()', 'hub.A["plug"] = 1'],
  own_list: ['class List(list): pass\nA = List()', 'hub.A.append("plug")'],
  own_set: ['class Set(set): pass\nA = Set()', 'hub.A.add("plug")'],
  user_table: [
    'from collections import UserDict\nA = UserDict()',
    'hub.A["plug"] = 1',
    'dict(hub.A)',
  ],
  chain: ['from collections import ChainMap\nA = ChainMap({})', 'hub.A["plug"] = 1', 'dict(hub.A)'],
  slots: [
    'class S:\n    __slots__ = ("plugins",)\nA = S()\nA.plugins = []',
    'hub.A.plugins.append("plug")',
    'hub.A.plugins',
  ],
  slot: [
    'class S:\n    __slots__ = ("plugin",)\nA = S()\nA.plugin = None',
    'hub.A.plugin = "plug"',
    'hub.A.plugin',
  ],
  closure: [
    'def make():\n    names = []\n    return names.append, lambda: list(names)\nadd, read = make()',
    'hub.add("plug")',
    'hub.read()',
  ],
  variable_of_closure: [
    'def make():\n    last = None\n    def put(name):\n        nonlocal last\n        last = name\n    return put, lambda: last\nput, read = make()',
    'hub.put("plug")',
    'hub.read()',
  ],
  single_dispatch: [
    'import functools\n@functools.singledispatch\ndef name(each): return "any"',
    'hub.name.register(int, lambda each: "plug")',
    'hub.name(3)',
  ],
  single_dispatch_method: [
    'import functools\nclass N:\n    @functools.singledispatchmethod\n    def name(self, each): return "any"',
    'hub.N.name.register(int, lambda self, each: "plug")',
    'hub.N().name(3)',
  ],
  subclass: [
    'from collections import OrderedDict\nclass Base:\n    A = OrderedDict()\n    def __init_subclass__(cls): Base.A[cls.__name__] = 1',
    'class Plug(hub.Base): pass',
    'hub.Base.A',
  ],
  decorator: [
    'class Registry:\n    __slots__ = ("names",)\n    def __init__(self): self.names = {}\n    def __call__(self, each): self.names[each.__name__] = 1; return each\nregister = Registry()',
    '@hub.register\ndef plug(): pass',
    'hub.register.names',
  ],
  partial: [
    'import functools\nadd = functools.partial(lambda names, each: names.append(each), [])',
    'hub.add("plug")',
    'hub.add.args[0]',
  ],
  property: [
    'class P:\n    def read(self, names=[]): return names\n    names = property(read)\nA = P()',
    'hub.A.names.append("plug")',
    'hub.A.names',
  ],
  thread_local: [
    'import threading\nA = threading.local()\nA.names = []',
    'hub.A.plug = 1',
    'getattr(hub.A, "plug", None)',
  ],
  list_of_thread_local: [
    'import threading\nA = threading.local()\nA.names = []',
    'hub.A.names.append("plug")',
    'hub.A.names',
  ],
  context_variable: [
    'import contextvars\nA = contextvars.ContextVar("a", default=0)',
    'hub.A.set("plug")',
    'hub.A.get()',
  ],
  text_buffer: ['import io\nA = io.StringIO()', 'hub.A.write("plug")', 'hub.A.getvalue()'],
  buffer: ['import io\nA = io.BytesIO()', 'hub.A.write(b"plug")', 'hub.A.getvalue()'],
  hash: ['import hashlib\nA = hashlib.md5()', 'hub.A.update(b"plug")', 'hub.A.hexdigest()'],
  hash_of_any_size: [
    'import hashlib\nA = hashlib.shake_128()',
    'hub.A.update(b"plug")',
    'hub.A.digest(9)',
  ],
  iterator: ['A = iter([1, 2, 3])', 'next(hub.A)', 'next(hub.A)'],
  iterator_of_range: ['A = iter(range(9))', 'next(hub.A)', 'next(hub.A)'],
  enumeration: ['A = enumerate("abc")', 'next(hub.A)', 'next(hub.A)'],
  generator: ['A = (each for each in range(9))', 'next(hub.A)', 'next(hub.A)'],
  order: [
    'from collections import OrderedDict\nA = OrderedDict(a=1, b=2)',
    'hub.A.move_to_end("a")',
  ],
  lock: ['import threading\nA = threading.Lock()', 'hub.A.acquire()', 'hub.A.locked()'],
  element: [
    'import xml.etree.ElementTree as E\nA = E.Element("a")',
    'hub.A.append(hub.E.Element("plug"))',
    'len(hub.A)',
  ],
  text_of_element: [
    'import xml.etree.ElementTree as E\nA = E.Element("a")',
    'hub.A.text = "plug"',
    'hub.A.text',
  ],
  own_context: ['import decimal\nA = decimal.Context()', 'hub.A.prec = 5'],
  text_of_function: ['def f(): "text"', 'hub.f.__doc__ = "plug"', 'hub.f.__doc__'],
  name_of_function: ['def f(): pass', 'hub.f.__name__ = "plug"', 'hub.f.__name__'],
  name_of_class: ['class C: pass', 'hub.C.__qualname__ = "plug"', 'hub.C'],
  class_of_object: [
    'class C: pass\nclass D: pass\nA = C()',
    'hub.A.__class__ = hub.D',
    'type(hub.A).__name__',
  ],
  count: ['import itertools\nA = itertools.count()', 'next(hub.A)'],
  count_in_object: [
    'import itertools\nclass C:\n    number = itertools.count(5)',
    'for each in zip("abc", hub.C.number): pass',
    'hub.C.number',
  ],
  cached_result: [
    'import functools\n@functools.lru_cache\ndef settings(): return []',
    'hub.settings().append("plug")',
    'hub.settings()',
  ],
  result_of_cache: [
    'import functools\n@functools.lru_cache(None)\ndef settings(name="a"): return {}\nsettings()',
    'hub.settings()["plug"] = 1',
    'hub.settings()',
  ],
  bytes: ['A = bytearray(b"a")', 'hub.A[0] = 98'],
  array: ['import array\nA = array.array("i", [1])', 'hub.A[0] = 98'],
}
/** A function itself, as a module could have kept it: what the trial has put in its place does not tell of it. */
const ORIGINAL = 'original = lambda each: getattr(each, "function", each)\n'
/** Modules of site-packages, why they are not shared, and what a script sees that does not import them. */
const OTHERS: Record<string, [source: string, reason: RegExp, seen?: string]> = {
  data: ['A = __loader__.get_data(__file__)', /opens a file/],
  data_of_package: [
    'import pkgutil\nA = pkgutil.get_data("with_data", "data.txt")',
    /opens a file/,
  ],
  source: ['A = __loader__.get_source(__name__)', /opens a file/],
  source_of_others: ['import json\nA = json.__loader__.get_source("json")', /opens a file/],
  code: ['import json\nA = json.__loader__.get_code("json")', /looks at files/],
  own_import: [
    'import importlib.util as u\ns = u.spec_from_file_location("x", __file__.replace("other_own_import", "with_data/__init__"))\nm = u.module_from_spec(s)\ns.loader.exec_module(m)',
    /looks at files/,
  ],
  default_context: [
    'import decimal\ndecimal.DefaultContext.prec = 7',
    /changes decimal.DefaultContext/,
    'decimal.Context().prec',
  ],
  basic_context: [
    'import decimal\ndecimal.BasicContext.rounding = "ROUND_UP"',
    /changes decimal.BasicContext/,
    'decimal.BasicContext',
  ],
  trap_of_context: [
    'from decimal import *\nExtendedContext.traps[Inexact] = True',
    /changes decimal.ExtendedContext/,
    'decimal.ExtendedContext',
  ],
  flags_of_context: [
    'import decimal\nA = decimal.Decimal(1) / 3',
    /changes context variables/,
    'decimal.getcontext()',
  ],
  own_context: [
    'import decimal\nwith decimal.localcontext() as A: pass',
    /changes the context of decimal/,
  ],
  loaded: ['import sys\nA = "json" in sys.modules', /looks for json/],
  loaded_by_get: ['import sys\nA = sys.modules.get("json")', /looks for json/],
  loaded_by_item: [
    'import sys\ntry: A = sys.modules["ast"]\nexcept KeyError: A = None',
    /looks for ast/,
  ],
  loaded_by_name: ['from sys import modules\nA = "ast" in modules', /looks for ast/],
  loaded_in_function: [
    'import sys\ndef has(name): return name in sys.modules\nA = has("ast")',
    /looks for ast/,
  ],
  all_loaded: ['import sys\nA = sorted(sys.modules)', /looks for all modules/],
  all_copied: ['import sys\nA = {**sys.modules}', /looks for all modules/],
  all_counted: ['import sys\nA = len(sys.modules)', /looks for all modules/],
  error_handler: [
    'import codecs\ncodecs.register_error("mine", lambda error: ("", error.end))',
    /registers the error handler mine/,
    'error_handler("mine")',
  ],
  error_handler_by_name: [
    'from codecs import register_error\nregister_error("by_name", lambda error: ("", error.end))',
    /registers the error handler by_name/,
    'error_handler("by_name")',
  ],
  name_of_sys: ['import sys\nsys.plug = 1', /changes sys.plug/, 'getattr(sys, "plug", None)'],
  text_of_sys: ['import sys\nsys.version = "x"', /changes sys.version/, 'sys.version'],
  function_of_sys: ['import sys\nsys.exit = print', /changes sys.exit/, 'sys.exit'],
  removed_from_sys: [
    'import sys\ndel sys.copyright',
    /changes sys.copyright/,
    'hasattr(sys, "copyright")',
  ],
  options_of_sys: ['import sys\nsys._xoptions["x"] = 1', /changes sys._xoptions/, 'sys._xoptions'],
  warning_options: [
    'import sys\nsys.warnoptions.append("x")',
    /changes sys.warnoptions/,
    'sys.warnoptions',
  ],
  name_of_main: ['import __main__\n__main__.plug = 1', /uses __main__/, 'globals().get("plug")'],
  removed_module: [
    'import sys\ndel sys.modules["genericpath"]',
    /changes the loaded modules/,
    '"genericpath" in sys.modules',
  ],
  replaced_module: [
    'import sys, types\nsys.modules["stat"] = types.ModuleType("stat")',
    /changes the loaded modules/,
    'sys.modules["stat"]',
  ],
  translation: [
    'import gettext\ngettext.NullTranslations().install()',
    /changes builtins._/,
    'hasattr(builtins, "_")',
  ],
  private_built_in: [
    '__builtins__["__plug__"] = 1',
    /changes builtins.__plug__/,
    'hasattr(builtins, "__plug__")',
  ],
  private_of_re: ['import re\nre._MAXCACHE = 5', /changes re._MAXCACHE/, 're._MAXCACHE'],
  private_of_codecs: [
    'import codecs\ncodecs._plug = 5',
    /changes codecs._plug/,
    'hasattr(codecs, "_plug")',
  ],
  name_of_thread: [
    'import threading\nthreading.current_thread().name = "plug"',
    /changes the main thread/,
    'threading.current_thread().name',
  ],
  exit_functions: ['import atexit\natexit.unregister(print)', /changes the exit functions/],
  garbage_callback: [
    'import gc\ngc.callbacks.append(lambda *_: None)',
    /changes gc.callbacks/,
    'len(gc.callbacks)',
  ],
  mask_called_by_c: [
    `${ORIGINAL}import os\nlist(map(original(os.umask), [7]))`,
    /changes .*Umask/,
    'os.umask(0)',
  ],
  signal_called_by_c: [
    `${ORIGINAL}import _signal, functools\nfunctools.partial(original(_signal.signal), 10, _signal.SIG_IGN)()`,
    /changes a signal handler/,
    'signal.getsignal(10)',
  ],
  limit_called_by_c: [
    `${ORIGINAL}import sys, functools\nfunctools.partial(original(sys.setrecursionlimit), 4000)()`,
    /changes the interpreter/,
    'sys.getrecursionlimit()',
  ],
  locale_called_by_c: [
    `${ORIGINAL}import _locale, functools\nfunctools.partial(original(_locale.setlocale), 6, "C")()`,
    /changes the locale/,
    'locale.setlocale(6)',
  ],
  timeout_called_by_c: [
    `${ORIGINAL}import socket, functools\nfunctools.partial(original(socket.setdefaulttimeout), 1)()`,
    /changes the timeout of sockets/,
    'socket.getdefaulttimeout()',
  ],
  priority_called_by_c: [
    `${ORIGINAL}import os, functools\nfunctools.partial(original(os.nice), 1)()`,
    /changes its priority/,
    'os.nice(0)',
  ],
  missing_codec: ['try: b"x".decode("missing")\nexcept LookupError: pass', /looks for a codec/],
  subclasses: ['import json\nA = json.JSONEncoder.__subclasses__()', /looks at subclasses/],
  error_handler_of_c: [
    'from _codecs import register_error\nregister_error("of_c", lambda error: ("", error.end))',
    /registers an error handler/,
    'error_handler("of_c")',
  ],
}

/** Modules that tell a function in C from one that is in its place. */
const TELLING: Record<string, string> = {
  kind: 'A = time.time() if type(time.time) is type(len) else 0',
  kind_in_table: 'A = {type(len): time.time}.get(type(time.time), int)()',
  inspected: 'import inspect\nA = time.time() if inspect.isbuiltin(time.time) else 0',
}
/** Modules that keep such a function, or what it says of itself. */
const KEEPING: Record<string, string> = {
  copied: 'import copy\nA = copy.copy(time.time), copy.deepcopy({"clock": time.time})["clock"]',
  referred: 'import weakref\nA = weakref.ref(time.time)()',
  described:
    'A = time.time.__doc__.strip()[:1], time.time.__name__, isinstance(time.time, type(len))',
}

/** What a module reads of a package, one of whose submodules a script may have imported. */
const SUBMODULE: Record<string, string> = {
  asked_for: 'A = hasattr(with_part, "part")',
  taken: 'A = with_part.part.__name__',
  or_none: 'A = getattr(with_part, "part", None)',
  among_all: 'A = "part" in dir(with_part)',
  in_table: 'A = "part" in vars(with_part)',
  by_star: 'from with_part import *\nA = "part" in globals()',
  by_inspect: 'import inspect\nA = "part" in dict(inspect.getmembers(with_part))',
  by_pkgutil: 'import pkgutil\nA = pkgutil.resolve_name("with_part:part").__name__',
}

function hub(name: string): string {
  return `hub_${name}`
}

/** Runs with `plug` import the second modules, too. */
function registries(): string {
  const names = Object.keys(REGISTRIES)
  return `import os, ${names.map(hub).join(', ')}
if os.environ["QUERY_STRING"] == "plug":
    import ${names.map((name) => `plug_${name}`).join(', ')}
${Object.entries(REGISTRIES)
  .map(([name, [, , seen = 'hub.A']]) => `hub = ${hub(name)}; print("${name}", ${seen})`)
  .join('\n')}`
}

function others(): string {
  return `import builtins, codecs, decimal, gc, json, locale, os, re, signal, socket, sys, threading
def error_handler(name):
    try: return codecs.lookup_error(name)
    except LookupError: return None
if os.environ["QUERY_STRING"] == "plug":
    import own_error_handler, own_modules, ${Object.keys(OTHERS)
      .map((name) => `other_${name}`)
      .join(', ')}
${Object.values(OTHERS)
  .map(([, , seen = 'None']) => `print(${seen})`)
  .join('\n')}`
}

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(
      Object.entries(REGISTRIES).flatMap(([name, [source, change]]) => [
        [`site-packages/${hub(name)}.py`, source],
        [`site-packages/plug_${name}.py`, `import ${hub(name)} as hub\n${change}`],
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(OTHERS).map(([name, [source]]) => [`site-packages/other_${name}.py`, source]),
    ),
    'site-packages/with_data/__init__.py': '',
    ...Object.fromEntries(
      Object.entries(SUBMODULE).map(([name, source]) => [
        `site-packages/submodule_${name}.py`,
        `import with_part\n${source}`,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries({ ...TELLING, ...KEEPING }).map(([name, source]) => [
        `site-packages/function_${name}.py`,
        `import time\n${source}`,
      ]),
    ),
    'functions.py': `import time
${Object.keys(KEEPING)
  .map((name) => `import function_${name}\nprint(function_${name}.A)`)
  .join('\n')}
begin = time.time()
${Object.keys(TELLING)
  .map((name) => `import function_${name}\nprint(function_${name}.A >= begin)`)
  .join('\n')}`,
    'site-packages/with_part/__init__.py': '',
    'site-packages/with_part/part.py': '',
    'site-packages/imports_part.py': 'import with_part.part\nA = with_part.part.__name__',
    'submodules.py': `import os
if os.environ["QUERY_STRING"] == "part": import with_part.part
${Object.keys(SUBMODULE)
  .map(
    (name) =>
      `try:\n    import submodule_${name}\n    print(submodule_${name}.A)\nexcept AttributeError as error: print(error)`,
  )
  .join('\n')}
import imports_part
print(imports_part.A)`,
    'site-packages/with_data/data.txt': 'data',
    'site-packages/own_error_handler.py':
      'import codecs\ncodecs.register_error("own_error_handler.ignore", lambda error: ("", error.end))',
    'site-packages/own_modules.py':
      'import sys, xml.dom\nA = sys.modules[__name__], sys.modules["os"], sys.modules["xml.dom"], "xml.dom.domreg" in sys.modules\nsys.modules["own_name"] = A[0]',
    'looking.py': `import os, sys
if os.environ["QUERY_STRING"] == "json": import json
${['loaded', 'loaded_by_get', 'loaded_by_item', 'loaded_by_name', 'loaded_in_function'].map((name) => `import other_${name}\nprint(other_${name}.A)`).join('\n')}`,
    'registries.py': registries(),
    'others.py': others(),
    'handling.py': 'import wsgiref.handlers\nprint(1)',
    'hashing.py': 'import hashlib\nprint(hashlib.sha256(b"a").hexdigest())',
    'openssl.cnf': '',
  }),
)

const WITH_PLUG = { environment: { QUERY_STRING: 'plug' } }

void t.test('WARM-21 modules that change objects of others', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'registries.py'), { environment })
  await server.learn(WITH_PLUG)
  for (const name of Object.keys(REGISTRIES)) {
    const note = server.notes.find((text) => text.startsWith(`module plug_${name}: `))
    assert.match(note ?? '', /: (changes|sets) /, `${name} is not shared`)
  }
  assert.deepEqual(
    server.notes.filter((text) => text.startsWith('module hub_')),
    [],
    'the modules that are changed are shared',
  )
  assert.deepEqual(await server.request(), await server.plain())
  assert.deepEqual(await server.request(WITH_PLUG), await server.plain(WITH_PLUG))
})

void t.test('WARM-21 modules that change what belongs to all', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'others.py'), { environment })
  await server.learn(WITH_PLUG)
  for (const [name, [, reason]] of Object.entries(OTHERS)) {
    const note = server.notes.find((text) => text.startsWith(`module other_${name}: `))
    assert.match(note ?? '', reason, `${name} is not shared`)
  }
  assert.deepEqual(
    server.notes.filter((text) => text.startsWith('module own_')),
    [],
    'a name of its own matters to no others',
  )
  assert.deepEqual(await server.request(), await server.plain())
  assert.deepEqual(await server.request(WITH_PLUG), await server.plain(WITH_PLUG))
})

void t.test(
  'WARM-21 modules that look for others among those that are loaded',
  WITH_PYTHON,
  async (t) => {
    const server = new PythonServer(t, path.join(folder, 'looking.py'), { environment })
    await server.compare()
    const json = { environment: { QUERY_STRING: 'json' } }
    assert.deepEqual(await server.request(json), await server.plain(json))
    assert.deepEqual(await server.request(), await server.plain())
  },
)

void t.test('WARM-21 modules that look at functions in C', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'functions.py'), { environment })
  await server.compare()
  const refused = (names: string[]): string[] =>
    names.filter((name) =>
      server.notes.some((text) => text.startsWith(`module function_${name}: `)),
    )
  assert.deepEqual(refused(Object.keys(TELLING)), Object.keys(TELLING))
  assert.deepEqual(refused(Object.keys(KEEPING)), [])
})

void t.test('WARM-21 submodules that others have imported', WITH_PYTHON, async (t) => {
  const part = { environment: { QUERY_STRING: 'part' } }
  for (const first of [part, {}]) {
    const server = new PythonServer(t, path.join(folder, 'submodules.py'), { environment })
    await server.learn(first)
    assert.deepEqual(await server.request(part), await server.plain(part))
    assert.deepEqual(await server.request(), await server.plain())
    assert.deepEqual(
      server.notes.filter((text) => text.startsWith('module imports_part')),
      [],
      'a module may read what it has imported',
    )
  }
})

void t.test('WARM-21 a module that effects.py does anew is shared', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'handling.py'), { environment })
  const notes = await server.learn()
  assert.deepEqual(
    notes.filter((text) => text.startsWith('module wsgiref.handlers:')),
    [],
  )
})

void t.test('WARM-21 what OpenSSL reads when it is initialised', WITH_PYTHON, async (t) => {
  const configuration = path.join(folder, 'openssl.cnf')
  const server = new PythonServer(t, path.join(folder, 'hashing.py'), {
    environment: { OPENSSL_CONF: configuration },
  })
  await server.learn()
  assert.deepEqual(await server.request(), await server.plain())
  writeFileSync(configuration, '# other')
  assert.equal(await server.request(), `file changed: ${configuration}`)
})
