"""Tells what a module does on import that belongs to one request, or to one process."""
import codecs
import posix
import sys

from _contextvars import ContextVar

from .recorded_calls import ANY, CALLS, CLOCKS, meaning_of
from .recorded_containers import RecordedArguments, RecordedEnvironment
from .recorded_functions import CALL, record_functions

getframe = sys._getframe  # the trial records other calls of it
exc_info = sys.exc_info
modules = sys.modules  # the trial puts another mapping in its place, which is slower
PACKAGE = __name__.partition('.')[0]
IMPORTS = frozenset(('_find_and_load', '_gcd_import', '_handle_fromlist', '__import__', 'import_module'))
IMPORT_SYSTEM = ('<frozen importlib._bootstrap_external>', '<frozen importlib._bootstrap>', '<frozen zipimport>')

# Methods of C, of any class: here those of an SSLContext.
METHODS = {name: 'opens a file' for name in (
    'load_verify_locations', 'set_default_verify_paths', 'load_cert_chain', 'load_dh_params')}
CLASS_CHECKS = ('_abc_instancecheck', '_abc_subclasscheck')
# They fail for a name that a script could have registered.
CODECS = frozenset(('lookup', 'lookup_error', 'encode', 'decode'))
NOW = frozenset(('now', 'utcnow', 'today'))
# asgiref/local.py gives each object a private attribute with a random name: it is a name, not a secret.
RANDOM_NAMES = ('asgiref.local',)
CHANGES = ('os.', 'shutil.', 'socket.', 'subprocess.', 'sqlite3.', 'mmap.', 'tempfile.', 'fcntl.', 'syslog.', 'pty.', 'ftplib.',
           'smtplib.', 'http.', 'imaplib.', 'poplib.', 'telnetlib.', 'nntplib.', 'urllib.', 'webbrowser.', 'resource.', 'signal.',
           'sys.addaudithook', 'sys.settrace', 'sys.setprofile', '_thread.start_new_thread', '_thread.start_joinable_thread')
LOOKS = ('os.listdir', 'os.scandir', 'os.walk', 'glob.glob', 'pathlib.Path', 'socket.gethostname')


class Forbidden(BaseException):
    """Ends an import that would do something outside of this process. No `except Exception` keeps it."""


class Recorders:
    """Calls `record(text)` for what happens, `read(path)` for a file that is read, `register(base, subclass)` for a
    virtual subclass (`ABCMeta.register()`), `look_at_classes()` where one could matter, `look_at_errors()` where the exception
    that the importer handles could, and `run(code)` for each function in Python that is called."""

    def __init__(self, record, read, register, look_at_classes, look_at_errors, run):
        self.record = record
        self.read = read
        self.register = register
        self.look_at_classes = look_at_classes
        self.look_at_errors = look_at_errors
        self.run = run
        self.is_on = False

    def install(self):
        """For the rest of this process: an audit hook cannot be taken out again."""
        codecs.register_error = self.recording_error_handlers(codecs.register_error)
        sys.argv = RecordedArguments(sys.argv)
        sys.argv.record = self.record
        sys.addaudithook(self.audit)
        sys.setprofile(self.profile)

    def replace_functions(self):
        for name in CALLS:
            if name in modules:
                self.record_functions(modules[name])

    def record_functions(self, module):
        record_functions(module, self.record_call)

    def record_call(self, frame, text):
        if self.is_on and not is_import_system(frame):
            self.record(text)

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
        if frame.f_code is CALL:
            return  # of a function that tells it by itself
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
        elif owner == 'sys' and name in ('exc_info', 'exception'):
            text = None
            if exc_info()[0] is None:  # else it is an exception of its own
                self.look_at_errors()
        elif isinstance(owner, str) and owner in CALLS:
            # With another argument, a function of `time` reads no clock: those that tell by themselves have the arguments.
            text = meaning_of(owner, name) if owner != 'time' or CLOCKS.get(name, ANY) == ANY else None
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
    if type(owner) is RecordedEnvironment and PACKAGE not in frame.f_code.co_filename:
        return 'reads the whole environment'  # by a method of `dict`
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
