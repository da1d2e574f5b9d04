"""Functions in C, and what they do that belongs to one request, or to one process."""
import posix

BuiltinType = type(len)
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
        'strcoll': 'reads the locale', 'strxfrm': 'reads the locale', 'gettext': 'reads the locale',
        'dgettext': 'reads the locale', 'dcgettext': 'reads the locale',
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

# Functions of the module `time`, by the number of arguments with which they do not read the clock.
ANY = 9  # more than there can be
CLOCKS = {'time': ANY, 'time_ns': ANY, 'monotonic': ANY, 'monotonic_ns': ANY, 'perf_counter': ANY, 'perf_counter_ns': ANY,
          'process_time': ANY, 'process_time_ns': ANY, 'thread_time': ANY, 'thread_time_ns': ANY,
          'localtime': 1, 'gmtime': 1, 'ctime': 1, 'asctime': 1, 'strftime': 2}


def meaning_of(owner, name):
    """What a function of the module `owner` does, or `None`."""
    if owner == 'posix':
        return None if name in PURE_POSIX or name in SEEN_POSIX else CALLS[owner].get(name, 'calls os.%s' % name)
    if owner == 'time' and name in CLOCKS:
        return 'reads the clock'
    return CALLS.get(owner, {}).get(name)


def functions_of(module):
    """{name: function}: those in C of a module that have a meaning."""
    return {name: function for name, function in module.__dict__.items()
            if type(function) is BuiltinType and meaning_of(module.__name__, name) is not None}
