"""Loads modules once in a child that is thrown away, and tells which of them do something that cannot be shared."""
import posix
import sys

import _thread

from .effects import NAMING
from .environment import is_request_variable
from .import_graph import closure_of
from .interpreter_state import CLASSES, HANDLED
from .library import origin_of
from .module_contents import Contents
from .module_loader import ModuleLoader
from .parts import INDIFFERENT, OPAQUE
from .process_state import ProcessState
from .recorded_calls import CALLS
from .recorded_containers import RecordedEnvironment
from .recorded_interpreter import RecordedInterpreter
from .recorded_modules import ALL, RecordedModules
from .recorded_packages import NAMES, is_package, recorded_package, submodule_of
from .recorded_streams import RecordedOutput
from .recorders import IMPORT_SYSTEM, PACKAGE, Recorders
from .snapshot import UNWATCHED as UNSEEN
from .twin import TWIN_VARIABLE

# `random` registers a fork handler that seeds its generator anew; effects.py refreshes logging, wsgiref.handlers, threading
# and the cache of `platform` that uuid fills; the others set up what belongs to them.
ALLOWED = {'random': 'makes random numbers', 'logging': 'reads the clock', 'wsgiref.handlers': 'reads the whole environment',
           'threading': 'reads its thread id', 'uuid': 'reads the names of this machine',
           'csv': 'changes the dialects of csv', 'sqlite3.dbapi2': 'changes sqlite3',
           'asyncio.selector_events': 'calls os.sysconf'}  # for SC_IOV_MAX
# Tables of the library to which its modules add, without a change for those that do not use these modules.
TABLES = frozenset(('copyreg.dispatch_table', 'linecache.cache', 'warnings.onceregistry', 'warnings.filters'))
# What C libraries read while a module that uses them is initialised: config(5) of OpenSSL.
LIBRARY_VARIABLES = dict.fromkeys(('_hashlib', '_ssl'), ('OPENSSL_CONF', 'OPENSSL_MODULES', 'OPENSSL_ENGINES'))
UNWATCHED = ('sys', '__main__', 'os.path')
AT_WORK = frozenset(('gc.callbacks',))  # what is added has an effect at once
# Private names that the loader sets by `catch_warnings()`.
OWN = frozenset(('warnings._showwarnmsg_impl',))
MISSING = object()


class Trial(ModuleLoader):
    """A ModuleLoader that also looks at what has changed after each module."""

    def __init__(self, library, known_edges, is_twin=False):
        super().__init__()
        self.library = library
        self.known_edges = known_edges  # of modules that were loaded before
        self.is_twin = is_twin  # functions and packages are then those of a plain run
        self.package_class = recorded_package(self.look_for_submodule)
        self.context = None  # what is run outside of a module
        self.inherited = ()  # first words of reasons that do not matter: a child inherits these changes
        self.reasons = {}
        self.variables = {}
        self.grown = {}  # places in modules to which others add, such as `package.plugins`
        self.files = {}
        self.contents = {}
        self.snapshot = None
        self.changes = {}  # name: {changed module: None}
        self.filters = []  # of warnings, at the begin of each module that is being executed
        self.interpreter_reads = RecordedInterpreter(self.name, self.record)
        reads = self.interpreter_reads
        self.recorders = Recorders(self.record, self.read_file, self.register_class, lambda: reads.add((CLASSES,)),
                                   lambda: reads.add((HANDLED,)), reads.run)

    def begin(self, snapshot=None):
        """Turns this process into one that records; there is no way back."""
        environment = RecordedEnvironment(posix.environ)
        environment.read = self.read_variable
        environment.record = self.record
        posix.environ = environment
        os = sys.modules.get('os')
        if os is not None:
            os.environ._data = os.environb._data = environment
        self.output, output = posix.pipe()
        posix.set_blocking(self.output, False)
        posix.dup2(output, 1)
        posix.dup2(output, 2)
        sys.stdout, sys.stderr = RecordedOutput(self.record, sys.stdout), RecordedOutput(self.record, sys.stderr)
        self.snapshot = snapshot
        self.interpreter_reads.install()
        self.record_catchers_of_warnings()
        sys.modules = RecordedModules(sys.modules, self.look_for_module, self.change_module)
        self.recorders.install()
        if not self.is_twin:
            self.recorders.replace_functions()
            for each in filter(is_package, list(sys.modules.values())):
                each.__class__ = self.package_class
        if snapshot is not None:
            snapshot.add_all()  # with the functions that the recorders have replaced
        self.descriptors = set(posix.listdir('/proc/self/fd'))
        self.threads = _thread._count()
        self.process = ProcessState()
        self.look_at_modules()
        self.recorders.is_on = True

    def record_catchers_of_warnings(self):
        """What a module catches depends on the filters of the script: here all is a warning."""
        kind = sys.modules['warnings'].catch_warnings
        enter = kind.__enter__

        def enter_and_record(catcher):
            if catcher._record and self.running:
                self.record('catches warnings')
            return enter(catcher)
        kind.__enter__ = enter_and_record

    def end(self):
        self.recorders.is_on = False
        sys.setprofile(None)

    def name(self):
        return self.running[-1][0] if self.running else self.context

    def import_module(self, name, globals=None, locals=None, fromlist=(), level=0):
        if name == 'sys' and '*' in (fromlist or ()):
            self.record('imports all names of sys')
        return super().import_module(name, globals, locals, fromlist, level)

    def begin_import(self):
        self.interpreter_reads.install_filters()

    def record(self, text):
        name = self.name()
        if name is None or not self.recorders.is_on or ALLOWED.get(name) == text or text.startswith(self.inherited):
            return
        self.reasons.setdefault(name, text)

    def execute(self, spec):
        module = super().execute(spec)
        if self.is_twin:
            return module
        if spec.name in CALLS and type(module) is type(sys):
            self.recorders.record_functions(module)
        if is_package(module):
            module.__class__ = self.package_class
        return module

    def register_fork_handlers(self, **handlers):
        super().register_fork_handlers(**handlers)
        # Those of the library do no more in a process that was just forked than to make it as if it were new.
        if not self.library.is_standard(origin_of(sys.modules.get(self.name())) or ''):
            self.record('registers a fork handler')

    def register_class(self, base, subclass):
        """Of no matter to others where one of both is the module's own."""
        package = (self.name() or '').partition('.')[0].lstrip('_')
        owners = [str(getattr(each, '__module__', '')).partition('.')[0].lstrip('_') for each in (base, subclass)]
        if package not in owners and not self.library.is_standard(origin_of(sys.modules.get(self.name())) or ''):
            self.record('registers a class of others')

    def look_for_module(self, frame, name):
        """Of no matter where the running module itself has loaded it. The library's own code looks for that of its caller."""
        if not self.recorders.is_on or not self.running or self.library.is_standard(origin_of_code(frame)):
            return
        if name is ALL:
            self.record('looks for all modules')
        elif not self.has_loaded(name):
            self.record('looks for %s among the modules' % name)

    def look_for_submodule(self, frame, names, name):
        """Or for all names of a package, which are those of submodules, too."""
        if not self.recorders.is_on or not self.running:
            return
        while self.library.is_standard(origin_of_code(frame)):  # such as inspect.getmembers()
            if frame.f_code.co_filename in IMPORT_SYSTEM or frame.f_back is None:
                return  # a module of the library is imported
            frame = frame.f_back
        if name != NAMES:
            self.look_for_module(frame, submodule_of(names, name))
        elif frame.f_globals is not names and names.get('__name__') != self.name():
            self.record('looks for all names of %s' % names.get('__name__'))

    def has_loaded(self, name):
        """Whether a module is there because of the running one, or in each run."""
        running = self.name()
        if name in self.library.startup or name in self.edges[running] or ('%s.' % running).startswith('%s.' % name):
            return True
        edges = {**self.known_edges, **self.edges}
        return name in closure_of(running, edges, edges)

    def change_module(self, frame, name):
        """Of no matter for a name of its own package."""
        package = (self.name() or '').partition('.')[0]
        if self.recorders.is_on and not self.library.is_standard(origin_of_code(frame)) and name.partition('.')[0] != package:
            self.record('changes the loaded modules')

    def read_variable(self, name):
        if self.is_twin and name == TWIN_VARIABLE:
            return  # it is there for the values that are compared
        name = name.decode('utf-8', 'surrogateescape')
        if is_request_variable(name):
            self.record('reads %s' % name)
        elif self.name() is not None:
            self.variables.setdefault(self.name(), {})[name] = None

    def read_file(self, path):
        if self.running:
            self.record('opens a file')
        else:
            self.files[path] = None

    def settle(self, is_end):
        super().settle(is_end)
        filters = list(getattr(sys.modules.get('warnings'), 'filters', ()))
        if not is_end:
            self.filters.append(filters)
        else:
            name = self.running[-1][0]
            for variable in LIBRARY_VARIABLES.get(name, ()):
                self.variables.setdefault(name, {})[variable] = None
            if self.filters.pop() != filters:
                self.record('changes the filters of warnings')
            self.recorders.is_on = False
            text = self.change()
            if self.snapshot is not None:
                self.look_at_snapshot(name)
            names = getattr(sys.modules.get(name), '__dict__', None)
            if type(names) is dict:
                self.contents[name] = Contents(names)  # what is different from now on was changed by others
            self.recorders.is_on = True
            if text is not None:
                self.record(text)

    def look_at_snapshot(self, name):
        """Finds changes of others that names do not show. The library's own modules make only those that are meant."""
        sys.setprofile(None)  # it would be called for each call of C
        changed = [each.partition(':')[0] for each in self.snapshot.changed()] if self.snapshot.is_quick else ()
        if changed and not self.library.is_standard(origin_of(sys.modules.get(name)) or ''):
            self.changes.setdefault(name, {}).update(dict.fromkeys(changed))
        self.snapshot.add(name)
        sys.setprofile(self.recorders.profile)

    def change(self):
        """What has changed in this process since the last call."""
        try:
            if posix.read(self.output, 65536):
                return 'prints'
        except BlockingIOError:
            pass
        was, self.descriptors = self.descriptors, set(posix.listdir('/proc/self/fd'))
        if was != self.descriptors:
            return 'leaves a descriptor open'
        if _thread._count() != self.threads:
            return 'starts a thread'
        changed, changed_module = self.process.change(), self.look_at_modules()
        return changed_module if changed is None else 'changes %s' % changed

    def look_at_modules(self):
        """The first change in a public name of a module that another module has made."""
        found = None
        running = [name for name, _ in self.running]
        done_again = [each for name in running for each in NAMING.get(name, ())]  # by effects.py
        for name, module in list(sys.modules.items()):
            names = getattr(module, '__dict__', None)
            if type(names) is not dict or name in running or name in UNWATCHED:
                continue
            was = self.contents.get(name)
            if was is None or not was.is_same(names):
                now = self.contents[name] = Contents(names)
                if was is not None and name not in done_again:
                    found = self.first_change(name, was.names, now.names) or found
        return found

    def first_change(self, owner, was, now):
        for key in list(now) + [key for key in was if key not in now]:
            place = '%s.%s' % (owner, key)
            old, old_size = was.get(key, (MISSING, 0))
            new, new_size = now.get(key, (MISSING, 0))
            is_private = key.startswith('_')
            if place in TABLES or sys.modules.get(place) is new or is_private and not must_be_seen(owner, place):
                continue
            if old is new and old_size < new_size and not is_private and place not in AT_WORK:
                self.grown[place] = None  # the loader finds out what was added
            elif old is not new or old_size != new_size:
                return 'changes %s' % place
        return None


def must_be_seen(owner, place):
    """Whether a private name is in none of the snapshots."""
    place = place.replace('importlib._bootstrap', '_frozen_importlib')  # the same module by its other name
    return owner in UNSEEN and place not in OPAQUE and place not in OWN and place.rpartition('.')[2] not in INDIFFERENT


def origin_of_code(frame):
    """`frozen` for that of the import system and of this package."""
    if frame.f_code.co_filename in IMPORT_SYSTEM or PACKAGE in frame.f_code.co_filename:
        return 'frozen'
    return getattr(frame.f_globals.get('__spec__'), 'origin', None) or ''
