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
  'recursion limit': 'Python: `RecursionError` comes four frames earlier.',
  'audit hooks': 'Python: audit hooks see no events of the import of a shared module.',
  'module finder':
    'Python: `importlib.machinery.BuiltinImporter.find_spec` is a function of the fork server.',
  'path cache': 'Python: `sys.path_importer_cache` has fewer entries.',
  subclasses:
    'Python: `__subclasses__()` of a class of the library lists classes of modules that the script has not imported.',
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
}
