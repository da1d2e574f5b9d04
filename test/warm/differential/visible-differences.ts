/** What a script can see of its fork server, by a name that scripts of the suite use in their lines `#: visible`. */
export const VISIBLE_DIFFERENCES: Readonly<Record<string, string>> = {
  'parent process': 'The parent process (`getppid()`) is the fork server.',
  'command line': '`/proc/self/cmdline`, and so `ps`, show the command of the fork server.',
  'initial environment':
    '`/proc/self/environ` has the variables with which the fork server was started. `os.environ`, `%ENV`, getenv(3) and child processes have those of the request.',
  'order of variables':
    'With a shim of pyenv, the variables of the environment have another order: a shell orders them by their hashes.',
  'process name': '`/proc/self/comm` is the name of the interpreter.',
  'processor time':
    'The processor time, the page faults and the memory that getrusage(2) and times(2) report begin at the fork.',
  'hash seed':
    'Requests of one fork server share the seed of hashes and the layout of memory, until `maxAge`.',
  'outer frames':
    'Python: `inspect.stack()` and `traceback.print_stack()` show three frames below the script. Tracebacks of errors, and warnings, do not.',
  trampolines: 'Python: some versions of libffi keep their own file open, at a number above 100.',
  'recursion limit': 'Python: `RecursionError` comes four frames earlier.',
  'trace functions':
    'Python: functions of `sys.settrace` and `sys.setprofile` see no exit functions.',
  'audit hooks': 'Python: audit hooks see no events of the import of a shared module.',
  'module finder':
    'Python: `importlib.machinery.BuiltinImporter.find_spec`, and the functions of `_imp` that load modules in C, are functions of the fork server.',
  'path cache': 'Python: `sys.path_importer_cache` has fewer entries.',
  'parts in C':
    'Python: until 3.12, modules of the library in C (`_decimal`, `_pickle`, `_elementtree`, `_asyncio`) keep parts of what they import. If a script replaces such a part before the import, one request gets the original part. The script is started plainly from then on.',
  subclasses:
    'Python: `__subclasses__()` of a class of the library or of an installed package lists classes of modules that the script has not imported.',
  'library caches':
    "Python: private caches and counters of the library (`re._cache`, `copyreg.dispatch_table`, `__warningregistry__['version']`) include modules that the script has not imported.",
  'order of destruction':
    'Perl: objects that remain at the end may be destroyed in another order, which perl does not define (perlobj).',
  'compiler hints':
    'Perl: `$^H`, which has no meaning while a script runs, has the bit HINT_BLOCK_SCOPE.',
  'garbage collector':
    'Python: `gc.get_freeze_count()` is not 0; `gc.get_objects()` leaves out the objects of the fork server.',
  'exit handlers':
    'Python: atexit(3) functions of C run only if `ctypes`, `readline` or a module in C from outside of the library is loaded. The module `atexit` does not change.',
  'ends of modules':
    'Python: what an installed module leaves for the end on import (an object with `__del__`, a suspended generator, `weakref.finalize`) may not run, or run although the script has not imported the module.',
  openssl:
    'Python: `OPENSSL_CONF` has no effect where a script sets it itself before it imports `hashlib` or `ssl`: the fork server has loaded OpenSSL. The variable of the gateway counts.',
}
