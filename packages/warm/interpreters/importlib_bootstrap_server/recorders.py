"""Tells what a module does on import that belongs to one request, or to one process."""
import codecs
import posix
import sys
import time

import _signal
import _thread

IMPORT_SYSTEM = ('<frozen importlib._bootstrap_external>', '<frozen importlib._bootstrap>', '<frozen zipimport>')

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
    },
    '_thread': {name: 'starts a thread' for name in ('start_new_thread', 'start_new', 'start_joinable_thread')},
    'time': {'sleep': 'waits', 'tzset': 'sets the time zone', 'clock_gettime': 'reads the clock', 'clock_gettime_ns': 'reads the clock'},
    '_signal': {name: 'sets a signal handler' for name in (
        'signal', 'setitimer', 'alarm', 'set_wakeup_fd', 'siginterrupt', 'pthread_sigmask')},
    '_codecs': {'register': 'registers a codec'},
    '_locale': {'setlocale': 'sets the locale'},
    'resource': {'setrlimit': 'changes a limit', 'getrusage': 'reads its use of resources', 'prlimit': 'changes a limit'},
    'gc': {name: 'changes the garbage collector' for name in ('enable', 'disable', 'set_threshold', 'set_debug', 'freeze', 'unfreeze')},
    'sys': {name: 'changes the interpreter' for name in (
        'setrecursionlimit', 'setswitchinterval', 'setdlopenflags', 'set_int_max_str_digits',
        'set_asyncgen_hooks', 'set_coroutine_origin_tracking_depth')},
    'faulthandler': {name: 'changes the interpreter' for name in ('enable', 'disable', 'register', 'dump_traceback_later')},
    '_tracemalloc': {'start': 'changes the interpreter'},
    'pwd': {name: 'reads the users' for name in ('getpwnam', 'getpwuid', 'getpwall')},
    'grp': {name: 'reads the groups' for name in ('getgrnam', 'getgrgid', 'getgrall')},
    '_uuid': {'generate_time_safe': 'makes an identifier'},
}
METHODS = {
    'datetime.now': 'reads the clock', 'datetime.utcnow': 'reads the clock', 'date.today': 'reads the clock',
    'datetime.today': 'reads the clock', 'Random.seed': 'makes random numbers', 'Random.random': 'makes random numbers',
}
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
    """Calls `record(text)` for what happens, and `read(path)` for a file that is read."""

    def __init__(self, record, read):
        self.record = record
        self.read = read
        self.is_on = False

    def install(self):
        """For the rest of this process: an audit hook cannot be taken out again."""
        for name, enough in CLOCKS.items():
            if hasattr(time, name):
                setattr(time, name, self.recording_clock(getattr(time, name), enough))
        register_error = codecs.register_error
        codecs.register_error = lambda name, handler: self.register_error(register_error, name, handler)
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

    def register_error(self, register_error, name, handler):
        """A new name matters to nothing that does not use it."""
        try:
            codecs.lookup_error(name)
            self.record('changes the error handler %s' % name)
        except LookupError:
            pass
        register_error(name, handler)

    def profile(self, frame, event, argument):
        if event != 'c_call' or not self.is_on:
            return
        owner = getattr(argument, '__module__', None)
        name = getattr(argument, '__name__', '')
        if owner is None or owner == '_random':
            text = METHODS.get(getattr(argument, '__qualname__', ''))
        else:
            text = CALLS.get(owner, {}).get(name)
        if text is not None and not is_import_system(frame):
            self.record(text)

    def audit(self, event, arguments):
        if not self.is_on:
            return
        if event == 'open':
            self.audit_open(sys._getframe(1), *arguments)
        elif event in ('os.putenv', 'os.unsetenv'):
            self.forbid('changes the environment')
        elif event.startswith(LOOKS):
            if not is_import_system(sys._getframe(1)):
                self.record('looks at files and names (%s)' % event)
        elif event.startswith(CHANGES) and not is_import_system(sys._getframe(1)):
            self.forbid('calls for the event %s' % event)
        elif event == 'ctypes.dlopen' and arguments[0] is not None:
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


def is_import_system(frame):
    """Whether it is the import system that raises an event: it reads code, and writes __pycache__."""
    return frame.f_code.co_filename in IMPORT_SYSTEM


class RecordedArguments(list):
    """`sys.argv`: arguments of the query may be in it."""

    def __getitem__(self, at):
        self.record('reads sys.argv')
        return list.__getitem__(self, at)

    def __iter__(self):
        self.record('reads sys.argv')
        return list.__iter__(self)


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

    def __iter__(self):
        self.record('reads the whole environment')
        return dict.__iter__(self)

    def __setitem__(self, name, value):
        self.record('changes the environment')
        dict.__setitem__(self, name, value)

    def __delitem__(self, name):
        self.record('changes the environment')
        dict.__delitem__(self, name)

    def items(self):
        self.record('reads the whole environment')
        return dict.items(self)

    def keys(self):
        self.record('reads the whole environment')
        return dict.keys(self)

    def copy(self):
        self.record('reads the whole environment')
        return dict.copy(self)
