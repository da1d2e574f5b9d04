"""Tells what a module does on import that belongs to one request, or to one process."""
import codecs
import posix
import sys
import time

from _contextvars import ContextVar

getframe = sys._getframe  # the trial records other calls of it
exc_info = sys.exc_info
modules = sys.modules  # the trial puts another mapping in its place, which is slower
PACKAGE = __name__.partition('.')[0]
IMPORTS = frozenset(('_find_and_load', '_gcd_import', '_handle_fromlist', '__import__', 'import_module'))
IMPORT_SYSTEM = ('<frozen importlib._bootstrap_external>', '<frozen importlib._bootstrap>', '<frozen zipimport>')

# Functions of `posix` whose result is the same in each process of this system.
PURE_POSIX = frozenset((
    'fspath', 'strerror', 'major', 'minor', 'makedev', 'confstr', 'register_at_fork', 'waitstatus_to_exitcode',
    'sched_get_priority_max', 'sched_get_priority_min', 'WCOREDUMP', 'WEXITSTATUS', 'WIFCONTINUED', 'WIFEXITED',
    'WIFSIGNALED', 'WIFSTOPPED', 'WSTOPSIG', 'WTERMSIG', '_path_normpath', '_path_splitroot', '_path_splitroot_ex'))
# Those that an audit hook sees, or what they leave.
SEEN_POSIX = frozenset(('open', 'write', 'fork', 'forkpty', 'listdir', 'scandir', 'putenv', 'unsetenv'))
# Functions of C, by module and name; a profile function sees their calls.
CALLS = {
    'posix': {
        'getpid': 'reads its process id', 'getppid': 'reads its parent process id', 'getpgid': 'reads its process group',
        'getpgrp': 'reads its process group', 'getsid': 'reads its session', 'urandom': 'reads random bytes',
        'getrandom': 'reads random bytes', 'times': 'reads the clock', 'getloadavg': 'reads the load',
        'umask': 'changes the umask', 'chdir': 'changes the folder', 'fchdir': 'changes the folder',
        'nice': 'changes its priority', 'setpriority': 'changes its priority', 'setpgid': 'changes its process group',
        'setsid': 'changes its session', 'dup': 'makes a descriptor', 'dup2': 'makes a descriptor', 'pipe': 'makes a descriptor',
        'pipe2': 'makes a descriptor', 'sched_setaffinity': 'changes its processors', 'wait': 'waits for a process',
        'waitpid': 'waits for a process', 'wait3': 'waits for a process', 'wait4': 'waits for a process',
        'stat': 'looks at files', 'lstat': 'looks at files', 'access': 'looks at files', 'readlink': 'looks at files',
        'statvfs': 'looks at files', 'uname': 'reads the names of this machine',
    },
    '_thread': {
        'start_new_thread': 'starts a thread', 'start_new': 'starts a thread', 'start_joinable_thread': 'starts a thread',
        'get_native_id': 'reads its thread id', 'stack_size': 'changes the stack of threads',
    },
    'time': {
        'sleep': 'waits', 'tzset': 'sets the time zone', 'clock_gettime': 'reads the clock', 'clock_gettime_ns': 'reads the clock',
        # What was imported before the recorders were installed has the functions themselves.
        'time': 'reads the clock', 'time_ns': 'reads the clock', 'monotonic': 'reads the clock', 'monotonic_ns': 'reads the clock',
        'perf_counter': 'reads the clock', 'perf_counter_ns': 'reads the clock', 'process_time': 'reads the clock',
        'process_time_ns': 'reads the clock', 'thread_time': 'reads the clock', 'thread_time_ns': 'reads the clock',
    },
    '_signal': {
        **{name: 'sets a signal handler' for name in (
            'signal', 'setitimer', 'alarm', 'set_wakeup_fd', 'siginterrupt', 'pthread_sigmask')},
        **{name: 'reads a signal handler' for name in ('getsignal', 'getitimer', 'sigpending')},
    },
    '_codecs': {'register': 'registers a codec', 'unregister': 'registers a codec', 'register_error': 'registers an error handler'},
    '_locale': {
        'setlocale': 'sets the locale', 'textdomain': 'sets the locale', 'bindtextdomain': 'sets the locale',
        'localeconv': 'reads the locale', 'nl_langinfo': 'reads the locale', 'getencoding': 'reads the locale',
        'strcoll': 'reads the locale', 'strxfrm': 'reads the locale',
    },
    'resource': {
        'setrlimit': 'changes a limit', 'prlimit': 'changes a limit', 'getrlimit': 'reads a limit',
        'getrusage': 'reads its use of resources',
    },
    'gc': {
        **{name: 'changes the garbage collector' for name in (
            'enable', 'disable', 'set_threshold', 'set_debug', 'freeze', 'unfreeze')},
        **{name: 'looks at the garbage collector' for name in (
            'isenabled', 'get_threshold', 'get_count', 'get_debug', 'get_stats', 'get_objects', 'get_freeze_count')},
    },
    'sys': {
        **{name: 'changes the interpreter' for name in (
            'setrecursionlimit', 'setswitchinterval', 'setdlopenflags', 'set_int_max_str_digits',
            'set_asyncgen_hooks', 'set_coroutine_origin_tracking_depth')},
        **{name: 'looks at the interpreter' for name in (
            'getswitchinterval', 'getdlopenflags', 'get_int_max_str_digits', 'gettrace', 'getprofile',
            'get_asyncgen_hooks', 'get_coroutine_origin_tracking_depth', '_current_frames', '_current_exceptions')},
    },
    'faulthandler': {name: 'changes the interpreter' for name in ('enable', 'disable', 'register', 'dump_traceback_later')},
    'atexit': {name: 'changes the exit functions' for name in ('unregister', '_clear', '_run_exitfuncs', '_ncallbacks')},
    '_tracemalloc': {'start': 'changes the interpreter'},
    'pwd': {name: 'reads the users' for name in ('getpwnam', 'getpwuid', 'getpwall')},
    'grp': {name: 'reads the groups' for name in ('getgrnam', 'getgrgid', 'getgrall')},
    '_uuid': {name: 'makes an identifier' for name in ('generate_time_safe', 'uuid_generate_time_safe')},
    '_ssl': {name: 'reads random bytes' for name in ('RAND_bytes', 'RAND_pseudo_bytes', 'RAND_add', 'RAND_status')},
    '_socket': {
        'setdefaulttimeout': 'changes the timeout of sockets', 'getdefaulttimeout': 'reads the timeout of sockets',
        'if_nameindex': 'reads the names of this machine',
    },
    '_csv': {name: 'changes the dialects of csv' for name in ('field_size_limit', 'register_dialect', 'unregister_dialect', 'list_dialects', 'get_dialect')},
    'decimal': {name: 'changes the context of decimal' for name in ('getcontext', 'setcontext', 'localcontext')},
    'termios': {name: 'looks at the terminal' for name in ('tcgetattr', 'tcsetattr', 'tcgetwinsize')},
}
CALLS['_decimal'] = CALLS['decimal']  # whose name it is depends on the version
CALLS['_sqlite3'] = CALLS['sqlite3'] = {
    name: 'changes sqlite3' for name in ('register_adapter', 'register_converter', 'enable_callback_tracebacks')}
# Methods of C, of any class: here those of an SSLContext.
METHODS = {name: 'opens a file' for name in (
    'load_verify_locations', 'set_default_verify_paths', 'load_cert_chain', 'load_dh_params')}
CLASS_CHECKS = ('_abc_instancecheck', '_abc_subclasscheck')
# They fail for a name that a script could have registered.
CODECS = frozenset(('lookup', 'lookup_error', 'encode', 'decode'))
NOW = frozenset(('now', 'utcnow', 'today'))
# asgiref/local.py gives each object a private attribute with a random name: it is a name, not a secret.
RANDOM_NAMES = ('asgiref.local',)
# Functions of the module `time`, by the number of arguments with which they do not read the clock.
CLOCKS = {'time': 9, 'time_ns': 9, 'monotonic': 9, 'monotonic_ns': 9, 'perf_counter': 9, 'perf_counter_ns': 9,
          'process_time': 9, 'process_time_ns': 9, 'thread_time': 9, 'thread_time_ns': 9,
          'localtime': 1, 'gmtime': 1, 'ctime': 1, 'asctime': 1, 'strftime': 2}
CHANGES = ('os.', 'shutil.', 'socket.', 'subprocess.', 'sqlite3.', 'mmap.', 'tempfile.', 'fcntl.', 'syslog.', 'pty.', 'ftplib.',
           'smtplib.', 'http.', 'imaplib.', 'poplib.', 'telnetlib.', 'nntplib.', 'urllib.', 'webbrowser.', 'resource.', 'signal.',
           'sys.addaudithook', 'sys.settrace', 'sys.setprofile', '_thread.start_new_thread', '_thread.start_joinable_thread')
LOOKS = ('os.listdir', 'os.scandir', 'os.walk', 'glob.glob', 'pathlib.Path', 'socket.gethostname')


class Forbidden(BaseException):
    """Ends an import that would do something outside of this process. No `except Exception` keeps it."""


class Recorders:
    """Calls `record(text)` for what happens, `read(path)` for a file that is read, `register(base, subclass)` for a
    virtual subclass (`ABCMeta.register()`), `look_at_classes()` where one could matter, and `run(code)` for each function in
    Python that is called."""

    def __init__(self, record, read, register, look_at_classes, run):
        self.record = record
        self.read = read
        self.register = register
        self.look_at_classes = look_at_classes
        self.run = run
        self.is_on = False

    def install(self):
        """For the rest of this process: an audit hook cannot be taken out again."""
        for name, enough in CLOCKS.items():
            if hasattr(time, name):
                setattr(time, name, self.recording_clock(getattr(time, name), enough))
        codecs.register_error = self.recording_error_handlers(codecs.register_error)
        sys.argv = RecordedArguments(sys.argv)
        sys.argv.record = self.record
        sys.addaudithook(self.audit)
        sys.setprofile(self.profile)

    def recording_clock(self, function, enough):
        def clock(*arguments):
            if len(arguments) < enough:
                self.record('reads the clock')
            return function(*arguments)
        clock.__name__ = function.__name__
        return clock

    def recording_error_handlers(self, register_error):
        """A new name that begins with the name of its package matters to nothing that does not use the package."""
        def register(name, handler):
            package = getframe(1).f_globals.get('__name__', '').partition('.')[0]
            try:
                codecs.lookup_error(name)
                is_own = False
            except LookupError:
                is_own = name.startswith(package + '.')
            if not is_own:
                self.record('registers the error handler %s' % name)
            self.is_on, was = False, self.is_on
            try:
                register_error(name, handler)
            finally:
                self.is_on = was
        register.__name__ = register_error.__name__
        return register

    def profile(self, frame, event, argument):
        if not self.is_on:
            return
        if event == 'call':
            self.run(frame.f_code)
        if event == 'c_exception' and getattr(argument, '__name__', '') in CODECS and PACKAGE not in frame.f_code.co_filename:
            self.record('looks for a codec')
        if event != 'c_call':
            return
        owner = getattr(argument, '__module__', None)
        name = getattr(argument, '__name__', '')
        if owner == '_abc':
            text = None
            if name == '_abc_register':
                self.register(frame.f_locals.get('cls'), frame.f_locals.get('subclass'))
            elif name in CLASS_CHECKS and not is_registering(frame):
                self.look_at_classes()
        elif owner == 'posix':
            text = None if name in PURE_POSIX or name in SEEN_POSIX else CALLS['posix'].get(name, 'calls os.%s' % name)
        elif owner == 'sys' and name in ('exc_info', 'exception'):
            # It reads an exception of its own, or that of its importer.
            text = 'looks at the exception of its importer' if exc_info()[0] is None else None
        elif isinstance(owner, str) and owner in CALLS:
            text = CALLS[owner].get(name)
        else:
            text = text_of_method(argument, name, frame)
        if text is not None and not is_import_system(frame):
            self.record(text)

    def audit(self, event, arguments):
        if not self.is_on:
            return
        if event == 'open':
            self.audit_open(getframe(1), *arguments)
        elif event in ('os.putenv', 'os.unsetenv'):
            self.forbid('changes the environment')
        elif event.startswith(LOOKS):
            if not is_import_system(getframe(1)):
                self.record('looks at files and names (%s)' % event)
        elif event.startswith(CHANGES) and not is_import_system(getframe(1)):
            self.forbid('calls for the event %s' % event)
        elif event == 'ctypes.dlsym' or event == 'ctypes.dlopen' and arguments[0] is not None:
            self.record('loads a shared library')

    def audit_open(self, frame, path, mode, flags):
        if is_import_system(frame):
            return
        if flags & (posix.O_WRONLY | posix.O_RDWR | posix.O_CREAT):
            self.forbid('writes to %s' % (path,))
        self.read(path)

    def forbid(self, text):
        self.record(text)
        raise Forbidden(text)


def text_of_method(method, name, frame):
    """A method of C has an object or a class, which may be a subclass."""
    owner = getattr(method, '__self__', None)
    random = getattr(modules.get('_random'), 'Random', None)
    if random is not None and isinstance(owner, random):
        return None if name_of_caller(frame, 'random') in RANDOM_NAMES else 'makes random numbers'
    if name in NOW and isinstance(owner, type):
        date = getattr(modules.get('datetime'), 'date', None)
        return 'reads the clock' if date is not None and issubclass(owner, date) else None
    if type(owner) is ContextVar:
        return 'sets a context variable' if name in ('set', 'reset') else None
    if name == '__subclasses__' and package_of(getattr(owner, '__module__', None)) != package_of(frame.f_globals.get('__name__')):
        return 'looks at subclasses'
    return METHODS.get(name) if owner is not None else None


def is_registering(frame):
    """Whether it is `ABCMeta.register()` that asks for the classes that are registered."""
    while frame is not None and frame.f_globals.get('__name__') == 'abc':
        if frame.f_code.co_name == 'register':
            return True
        frame = frame.f_back
    return False


def package_of(name):
    return name.partition('.')[0] if type(name) is str else None


def name_of_caller(frame, module):
    """The name of the innermost module that runs, apart from one."""
    while frame is not None and frame.f_globals.get('__name__') == module:
        frame = frame.f_back
    return '' if frame is None else frame.f_globals.get('__name__')


def is_import_system(frame):
    """Whether it is the import system that raises an event: it reads code, and writes __pycache__.

    A module may call a loader or a finder by itself.
    """
    entry = None
    while frame is not None and frame.f_code.co_filename in IMPORT_SYSTEM:
        entry, frame = frame, frame.f_back
    return entry is not None and (entry.f_code.co_name in IMPORTS or frame is None or PACKAGE in frame.f_code.co_filename)


def recording(base, name, text):
    """A method that records that it is called."""
    method = getattr(base, name)

    def record(self, *arguments, **keywords):
        self.record(text)
        return method(self, *arguments, **keywords)
    return record


class RecordedArguments(list):
    """`sys.argv`: arguments of the query may be in it."""


for each in ('__getitem__', '__iter__', '__len__', '__contains__', '__eq__', '__ne__', '__lt__', '__gt__', '__repr__', '__add__',
             '__mul__', '__reversed__', '__reduce_ex__', 'copy', 'count', 'index', 'pop'):
    setattr(RecordedArguments, each, recording(list, each, 'reads sys.argv'))
for each in ('__setitem__', '__delitem__', '__iadd__', 'append', 'extend', 'insert', 'remove', 'clear', 'reverse', 'sort'):
    setattr(RecordedArguments, each, recording(list, each, 'changes sys.argv'))


class RecordedEnvironment(dict):
    """The dictionary behind `os.environ`. `read(name)` is called for each variable, `record(text)` for all of them."""

    def __getitem__(self, name):
        self.read(name)
        return dict.__getitem__(self, name)

    def __contains__(self, name):
        self.read(name)
        return dict.__contains__(self, name)

    def get(self, name, default=None):
        self.read(name)
        return dict.get(self, name, default)


for each in ('__iter__', '__len__', '__eq__', '__ne__', '__repr__', '__reversed__', '__or__', '__reduce_ex__', 'items', 'keys',
             'values', 'copy'):
    setattr(RecordedEnvironment, each, recording(dict, each, 'reads the whole environment'))
for each in ('__setitem__', '__delitem__', '__ior__', 'setdefault', 'update', 'pop', 'popitem', 'clear'):
    setattr(RecordedEnvironment, each, recording(dict, each, 'changes the environment'))
