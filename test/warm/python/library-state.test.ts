import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 300_000 }
const folder = createTemporaryFolder(t)
const environment = { PYTHONPATH: path.join(folder, 'site-packages') }

/** What a module of site-packages reads on import of `held`, and what a script does before. */
const CHANGES: Readonly<Record<string, [read: string, change: string]>> = {
  class_of_module: [
    'held.name',
    'held.__class__ = type("Module", (type(os),), {"name": property(lambda self: 2)})',
  ],
  class_of_object: [
    'held.thing.name',
    'held.thing.__class__ = type("Other", (held.Thing,), {"name": property(lambda self: 2)})',
  ],
  class_of_class: [
    'held.Registered.name',
    'held.Registered.__class__ = type("Other", (type,), {"__getattribute__": lambda *_: 2})',
  ],
  names_of_object: [
    'held.thing.name',
    'old = held.thing.__dict__\nheld.thing.__dict__ = {"name": 2}',
  ],
  names_of_error: [
    'held.error.name',
    'old = held.error.__dict__\nheld.error.__dict__ = {"name": 2}',
  ],
  queue: ['list(held.queue)', 'held.queue.append(2)'],
  full_queue: ['held.full[199]', 'held.full[199] = 2'],
  registered_class: [
    'isinstance(held.thing, abc.Mapping)',
    'import collections.abc as abc; abc.Mapping.register(held.Thing)',
  ],
  default: ['held.defaults.default_factory.__name__', 'held.defaults.default_factory = list'],
  names_that_moved: ['held.name', 'grow(vars(held), 2000)\nimport held.first\nheld.name = 2'],
  table_that_moved: [
    'held.table["name"]',
    'grow(held.table, 2000)\nimport held.first\nheld.table["name"] = 2',
  ],
  text_buffer: [
    'held.text.getvalue()',
    'held.text.seek(0); held.text.write("2"); held.text.seek(0)',
  ],
  buffer: ['held.buffer.getvalue()', 'held.buffer.getbuffer()[0] = 50'],
  place_in_buffer: ['held.buffer.tell()', 'held.buffer.seek(1)'],
  buffer_of_own_class: ['held.own_text.getvalue()', 'held.own_text.write("2")'],
  order: ['list(held.ordered)', 'held.ordered.move_to_end("a")'],
  order_within: ['list(held.ordered)', '[held.ordered.move_to_end(each) for each in "bd"]'],
  element: ['held.element.attrib', 'held.element.set("b", "2")'],
  text_of_child: ['held.element[0].text', 'held.element[0].text = "2"'],
  bytes: ['bytes(held.numbers)', 'held.numbers[0] = 50'],
  bytes_by_view: ['bytes(held.numbers)', 'held.view[0] = 50'],
  array: ['held.array.tolist()', 'held.array[0] = 2'],
  array_of_own_class: ['list(held.own_array)', 'held.own_array[0] = 2'],
  foreign_number: ['held.number.value', 'held.number.value = 2'],
  hash: ['held.hash.hexdigest()', 'held.hash.update(b"2")'],
  arguments_of_error: ['held.error.args', 'held.error.args = (2,)'],
  local: ['getattr(held.local, "name", 1)', 'held.local.name = 2'],
  partial: ['held.partial()', 'held.partial.__setstate__((str, (2,), {}, {}))'],
  context_of_tls: ['held.tls.verify_mode', 'held.tls.verify_mode = 2'],
  bound_method: ['held.get()', 'held.put(2)'],
  cached_result: ['held.settings().name', 'held.settings().name = 2'],
  slot_of_list: ['held.slotted.name', 'held.slotted.name = 2'],
  generator: ['held.generator.gi_frame.f_locals["each"]', 'next(held.generator)'],
  chain: ['held.chain.__reduce__()[2]', 'next(held.chain)'],
  writer: ['held.rows.getvalue()', 'held.writer.writerow([2])'],
  list_that_moved: [
    'held.items[0]',
    'held.items += range(300)\ndel held.items[1:]\nimport held.first\nheld.items[0] = 2',
  ],
}
/** A finder for the folder of site-packages that a script sets. */
const FINDER = `
import importlib.machinery
import os
import sys
class Finder:
    def find_spec(self, name, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == 'found' else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.A = 2
print(1)
if os.environ['QUERY_STRING'] == 'own':
    sys.path_importer_cache[os.environ['PYTHONPATH']] = Finder()
import found
print(found.A)
`
/** The import of a name from a package that is there already runs its `__getattr__()`. */
const OWN_PACKAGE = `
import sys
def __getattr__(name):
    import held
    held.name = 2
    return held
sys.modules['own_package.second'] = sys
`
const RENAMED = `
import own_package.first
print(1)
import held.first
import own_package.second as second
import reader_of_names_that_moved as reader
print(reader.A)
`
const INTERPRETERS = `
import sys
print(1, flush=True)
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    interpreters = None
if interpreters is not None:
    other = interpreters.create()
    interpreters.run_string(other, 'import decimal, sys; print("numbers" in sys.modules, flush=True)')
    interpreters.destroy(other)
import decimal
`
/** An exception that a module keeps has that which its importer handles as its context. */
const CONTEXT = `
print(1)
try: import missing
except ImportError:
    import keeper, teller, looker
print(repr(keeper.error.__context__), teller.A, looker.A)
raise keeper.error
`
const HELD = `
from collections import defaultdict, deque
class Thing: pass
class Error(Exception): pass
class Registering(type): pass
class Registered(metaclass=Registering): name = 1
thing, error = Thing(), Error()
name = thing.name = error.name = 1
queue, full, defaults = deque(), deque(range(200)), defaultdict(int)
table, items = {'name': 1}, [1]
import array as arrays, collections, csv, ctypes, functools, hashlib, io, itertools, ssl, threading
import xml.etree.ElementTree as trees
class OwnText(io.StringIO): pass
class OwnArray(arrays.array): pass
class Slotted(list): __slots__ = ('name',)
text, buffer, own_text, rows = io.StringIO('1'), io.BytesIO(b'1'), OwnText(), io.StringIO()
ordered, element, numbers = collections.OrderedDict(a=1, c=2, b=3, d=4), trees.Element('a', b='1'), bytearray(b'1')
trees.SubElement(element, 'c')
view, array, own_array, number = memoryview(numbers), arrays.array('i', [1]), OwnArray('i', [1]), ctypes.c_int(1)
hash, local, partial = hashlib.sha256(), threading.local(), functools.partial(str, 1)
tls, slotted, writer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Slotted(), csv.writer(rows)
slotted.name = 1
generator, chain = (each for each in range(9)), itertools.chain([[1, 2], [3]])
next(generator)
@functools.lru_cache
def settings(): return Thing()
Thing.name = 1
settings()
def make():
    names = []
    return names.append, names.copy
put, get = make()
`
const GROW = `
def grow(names, count):
    for each in range(count): names['grown_%d' % each] = each
    for each in range(count): del names['grown_%d' % each]
`
const MEANS_THE_SAME = `
import gc
import held
${GROW}
print(1)
grow(held.table, 300)
import held.first
import held.second
print(any(each is held.second for each in gc.get_objects()))
`

t.before(() =>
  writeScripts(folder, {
    'site-packages/held/__init__.py': HELD,
    'site-packages/held/first.py': '',
    'site-packages/held/second.py': '',
    'site-packages/found.py': 'A = 1',
    'finder.py': FINDER,
    'site-packages/keeper.py': 'try: int("a")\nexcept ValueError as each: error = each',
    'site-packages/teller.py':
      'try: int("a")\nexcept ValueError as each: A = repr(each.__context__)',
    'site-packages/looker.py':
      'import contextlib, sys\nwith contextlib.ExitStack(): A = sys.exc_info()[:2]',
    'context.py': CONTEXT,
    'same.py': MEANS_THE_SAME,
    'own_package/__init__.py': OWN_PACKAGE,
    'own_package/first.py': '',
    'own_package/second.py': '',
    'renamed.py': RENAMED,
    'interpreters.py': INTERPRETERS,
    ...Object.fromEntries(
      Object.entries(CHANGES).flatMap(([name, [read, change]]) => [
        [`site-packages/reader_of_${name}.py`, `import collections.abc as abc, held\nA = ${read}`],
        [
          `${name}.py`,
          `import os\nimport held\n${GROW}\nprint(1)\n${change}\nimport reader_of_${name}\nprint(reader_of_${name}.A)`,
        ],
      ]),
    ),
  }),
)

for (const name of Object.keys(CHANGES)) {
  void t.test(`WARM-21 what a script has changed is read: ${name}`, WITH_PYTHON, async (t) => {
    await new PythonServer(t, path.join(folder, `${name}.py`), { environment }).compare()
  })
}

void t.test('WARM-21 what has moved, and means the same, is handed out', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'same.py'), { environment })
  await server.learn()
  const answer = await server.request()
  assert.ok(typeof answer !== 'string')
  assert.equal(answer.stdout, '1\nFalse\n')
  assert.equal((await server.plain()).stdout, '1\nTrue\n')
})

void t.test('WARM-21 an exception that is handled during an import', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'context.py'), { environment })
  await server.compare()
  assert.deepEqual(
    server.notes.filter((text) => /^module (keeper|teller|looker):/.test(text)),
    [],
    'they are shared where nothing is handled',
  )
})

void t.test('WARM-21 a script sets a finder for a folder', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'finder.py'), { environment })
  await server.compare()
  const options = { environment: { QUERY_STRING: 'own' } }
  const plain = await server.plain(options)
  assert.equal(plain.stdout, '1\n2\n')
  assert.deepEqual(await server.request(options), plain)
})

void t.test('WARM-21 a name of a package that is there already', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'renamed.py'), { environment })
  const { stdout } = await server.compare()
  assert.equal(stdout, '1\n2\n')
})

void t.test('WARM-24 a script with other interpreters is plain', WITH_PYTHON, async (t) => {
  const server = new PythonServer(t, path.join(folder, 'interpreters.py'))
  await server.untilReady()
  await server.request()
  const { type, reason } = await server.untilEnded()
  assert.equal(type, 'plain')
  assert.match(reason, /^it uses other interpreters/)
})
