import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 120_000 }
const folder = createTemporaryFolder(t)

/** Each is run plainly, by the fork server, and by the fork server again after its imports are learnt. */
const SAME: Record<string, string> = {
  'environment, arguments and names': `
import os, sys
for name, value in os.environ.items(): print(name, repr(value))
print(os.environb == {os.fsencode(k): os.fsencode(v) for k, v in os.environ.items()})
print(sys.argv, sys.orig_argv, sys.path, sys.flags, sys.executable, sys.meta_path, sys.path_hooks)
print(list(globals()), __name__, __file__, __spec__, __doc__, __package__, type(__loader__), __loader__.path)
print(sys.modules['__main__'].__dict__ is globals())
print(list(sys.modules))`,
  'a child of its own sees the environment': `
import subprocess
print(subprocess.run(['/usr/bin/env'], capture_output=True, text=True).stdout)`,
  'standard streams': `
import sys
for stream in (sys.stdin, sys.stdout, sys.stderr):
    print(stream, stream.encoding, stream.errors, stream.line_buffering, stream.write_through, stream.isatty(), stream.mode)
    print(type(stream.buffer), stream.buffer.raw.name, stream.fileno(), stream.seekable())
print(sys.stdin is sys.__stdin__, repr(sys.stdin.readline()), sys.stdin.buffer.read())`,
  'descriptors, signals and groups': `
import os, signal
print([(each, os.get_inheritable(int(each))) for each in os.listdir('/proc/self/fd') if int(each) < 3], sum(int(each) < 100 for each in os.listdir('/proc/self/fd')))
print([(int(each), str(signal.getsignal(each))) for each in signal.valid_signals() if each < 32])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), os.getpgid(0) == os.getpid(), os.getcwd(), os.umask(0), os.nice(0))
print([line for line in open('/proc/self/status') if line.startswith(('SigP', 'SigB', 'SigI', 'SigC', 'Shd', 'Threads'))])`,
  'modules in sys.modules before and after imports': `
import sys
first = list(sys.modules)
import json
print(first, list(sys.modules)[len(first):], hasattr(json, 'tool'))
import xml.dom
print(hasattr(xml, 'etree'), 'xml.dom.minidom' in sys.modules)
import xml.etree.ElementTree
print(hasattr(xml, 'etree'), xml.etree.ElementTree.__spec__, json.__loader__)
import importlib.util
print(importlib.util.find_spec('csv'), importlib.reload(json) is json, 'csv' in sys.modules)`,
  'an uncaught error': `
def f(): g()
def g():
    try: int('x')
    except ValueError as error: raise KeyError('y') from error
f()`,
  'an error in a hook': `
import sys
def hook(kind, error, trace): raise RuntimeError('in the hook')
sys.excepthook = hook
1 / 0`,
  'exit code 3': `import sys
print('x')
sys.exit(3)`,
  'exit code of a text': `import sys
sys.exit('a message')`,
  'exit code of a number that is too large': 'raise SystemExit(2 ** 70)',
  KeyboardInterrupt: `print('x')
raise KeyboardInterrupt`,
  'SIGTERM by itself': `
import os, signal, sys
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGTERM)`,
  'os._exit': `
import os
print('lost')
os._exit(7)`,
  'exit functions, __del__ and an open file': `
import atexit, os, tempfile
class Noisy:
    def __init__(self, name): self.name = name
    def __del__(self): print('del', self.name, os.getpid() > 0)
first, second = Noisy('first'), Noisy('second')
cycle = Noisy('cycle'); cycle.self = cycle
atexit.register(lambda: print('registered first'))
atexit.register(print, 'registered second')
file = open(tempfile.mktemp(), 'w')
file.write('x')
name = file.name
atexit.register(lambda: os.fork() == 0 and (os.remove(name), os._exit(0)))
print('end')`,
  'threads are waited for': `
import threading, time
def run():
    time.sleep(0.1)
    print('thread', threading.current_thread() is threading.main_thread())
threading.Thread(target=run).start()
print('main', threading.active_count())`,
  'a fork of its own': `
import os, sys
sys.stdout.flush()
if os.fork() == 0:
    print('child')
    sys.exit(4)
print(os.wait()[1])`,
  warnings: `
import warnings
def f(): warnings.warn('two levels', stacklevel=2)
f()
warnings.warn('many levels', stacklevel=9)
warnings.warn('deprecated', DeprecationWarning)
print("\\d")`,
  'a warning that belongs to the line of the import': `
import warnings
import imp, asyncore
print('x')`,
  'standard output is closed': `
import os, sys
sys.stdout.flush()
os.close(1)
print('x')`,
  'a module in the path that the script makes': `
import sys
sys.path.insert(0, sys.path[0] + '/vendor')
import json, csv
print(json.MINE, csv.__file__)`,
  'a module of the library that the script has changed': `
import socket
socket.create_connection = None
import urllib.request, http.client
print(http.client.socket.create_connection)`,
  'a fake module': `
import sys, types
sys.modules['re'] = types.ModuleType('re')
try:
    import csv
    print(csv.re)
except Exception as error:
    print(type(error), error)`,
  'loggers that are made before and after a configuration': `
import logging.config
logging.config.dictConfig({'version': 1})
import asyncio, concurrent.futures
print(logging.getLogger('asyncio').disabled, logging.getLogger('concurrent.futures').disabled)
print(sorted(logging.root.manager.loggerDict))
logging.warning('x')`,
  'its own module': `
import helper
print(helper.VALUE, helper.__spec__.origin, helper.__file__)`,
}

/** It is never learnt what these import. */
const ABRUPT = ['SIGTERM by itself', 'os._exit']

t.before(() =>
  writeScripts(folder, {
    ...Object.fromEntries(Object.entries(SAME).map(([claim, source]) => [fileOf(claim), source])),
    'vendor/json.py': 'MINE = 1',
    'helper.py': 'VALUE = 1',
    'input.py': 'import sys\nprint(repr(sys.stdin.readline()), repr(sys.stdin.read()))',
  }),
)

function fileOf(claim: string): string {
  // No module of the library may have the name of a script beside it.
  return `script-${claim.replaceAll(/\W+/g, '-')}.py`
}

for (const claim of Object.keys(SAME)) {
  void t.test(`WARM-20 a Python script is the same as plain: ${claim}`, WITH_PYTHON, async (t) => {
    const server = new PythonServer(t, path.join(folder, fileOf(claim)))
    await server.compare({}, !ABRUPT.includes(claim))
  })
}

void t.test('WARM-20 standard input by a pipe is the same as plain', WITH_PYTHON, async (t) => {
  const flags = ['-u']
  const server = new PythonServer(t, path.join(folder, 'input.py'), { flags })
  const { stdout } = await server.compare({ body: 'a line\r\nand the rest' })
  assert.equal(stdout, "'a line\\r\\n' 'and the rest'\n")
})
