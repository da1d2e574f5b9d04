"""Finds out what a script imports, tries these modules, and loads those that can be shared."""
import marshal
import mmap
import posix
import sys

import _signal

from .assigned import assigned_modules
from .compilation import restore_filters
from .library import origin_of
from .module_loader import ModuleLoader, closure_of, create_hidden_modules
from .trial import run_trial, try_modules

REPORT_BYTES = 65536
RUNS = (1, 2, 3, 10, 100, 1000)  # the runs that report what they have imported
LONGEST_TRIAL = 120  # seconds: a module may wait for something


class Learning:
    """Runs report by memory that they share with the fork server: a descriptor would be seen by the script."""

    def __init__(self, startup, hidden, library, environment, protection, tell):
        self.startup = startup
        self.hidden = hidden
        self.library = library
        self.environment = environment
        self.protection = protection
        self.tell = tell
        self.memory = mmap.mmap(-1, REPORT_BYTES)
        self.runs = 0
        self.reporter = None  # the process that reports at its end
        self.known = {}  # name: origin, of all that was reported
        self.candidates = {}  # those that are to be tried
        self.trial = None  # the process
        self.pipe = None
        self.edges = {}
        self.not_found = {}
        self.own_files = []  # of the site's own modules, which are loaded in each child

    # In the child

    def report(self):
        """Writes what this run has imported so far."""
        names = b'\0'.join(
            name.encode('utf-8', 'surrogateescape') + b'=' + origin_of(module).encode('utf-8', 'surrogateescape')
            for name, module in list(sys.modules.items())
            if name not in self.startup and name not in self.hidden.modules and isinstance(origin_of(module), str)
            and module.__spec__.name == name)
        self.memory.seek(0)
        self.memory.write((b'%d\0' % len(names) + names)[:REPORT_BYTES])

    # In the fork server

    def is_wanted(self):
        """Whether the next run is to report."""
        self.runs += 1
        return self.runs in RUNS and self.reporter is None and self.trial is None

    def ended(self, pid):
        """A child has ended. Returns whether it has reported what it has imported."""
        if pid == self.trial:
            self.trial = None
        if pid != self.reporter:
            return False
        self.reporter = None
        size, _, names = self.memory[:].partition(b'\0')
        self.memory[:1] = b'\0'
        if not size.isdigit() or int(size) > REPORT_BYTES - 16:
            return False
        found = (entry.partition(b'=')[::2] for entry in names[:int(size)].split(b'\0') if entry)
        new = {name.decode('utf-8', 'surrogateescape'): origin.decode('utf-8', 'surrogateescape') for name, origin in found}
        new = {name: origin for name, origin in new.items() if name not in self.known}
        self.known.update(new)
        self.candidates = {name: origin for name, origin in new.items() if self.library.refusal(name, origin) is None}
        self.look_at_own([origin for name, origin in new.items() if name not in self.candidates])
        return True

    def look_at_own(self, files):
        """The site's own modules may assign to attributes of others, too."""
        for path in files:
            if path.endswith('.py') and path not in self.own_files:
                self.own_files.append(path)
                try:
                    self.hidden.assigned |= assigned_modules(read_text(path), path)
                except OSError:
                    pass

    def start_trial(self, others):
        """Forks a process that tries the candidates. Returns the pipe for its report. `others`: descriptors to close."""
        self.pipe, pipe = posix.pipe()
        self.trial = posix.fork()
        if self.trial == 0:
            self.leave_fork_server(others)
            self.hidden.reveal()
            self.environment.set_fixed()
            run_trial(pipe, try_modules, self.library, self.candidates)
        posix.close(pipe)
        return self.pipe

    def leave_fork_server(self, others):
        """Gives up the descriptors and handlers of the fork server. SIGALRM ends this process if nothing else does."""
        _signal.alarm(LONGEST_TRIAL)
        self.protection.set_dumpable(1)
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        for each in others:
            posix.close(each)

    def read_report(self):
        """The report of the trial, or `None`."""
        content = b''
        while True:
            part = posix.read(self.pipe, 1 << 20)
            if not part:
                break
            content += part
        posix.close(self.pipe)
        self.pipe = None
        try:
            report = marshal.loads(content)
        except (EOFError, ValueError, TypeError):
            report = {'failure': 'it does not end'}
        if 'failure' in report:
            self.tell('note', 'no modules are shared: the trial fails: ' + report['failure'])
            return None
        return report

    def load(self, report, between):
        """Loads the modules that have passed the trial; `between()` is called after each, since this takes time."""
        for name, reason in list(report['reasons'].items())[:100]:
            self.tell('note', 'module %s: %s' % (name, reason))
        self.not_found.update(dict.fromkeys(report['not_found']))
        self.environment.set_fixed()
        self.hidden.reveal()
        before, finders = dict(sys.modules), dict(sys.path_importer_cache)
        with ModuleLoader(report['registries']) as loader:
            for name in report['modules']:
                loader.load(name)
                between()
        weakref = sys.modules.get('weakref')
        if weakref is not None:  # a child that imports none of these modules may have finalizers of its own
            weakref.finalize._registered_with_atexit = False
        self.keep(loader, report)
        between()
        sys.modules.clear()
        sys.modules.update(before)
        for name in self.hidden.modules:
            sys.modules.pop(name, None)
        sys.path_importer_cache.clear()
        sys.path_importer_cache.update(finders)
        restore_filters()
        self.environment.clear()

    def keep(self, loader, report):
        """Hides what was loaded, as far as it is what the trial has loaded."""
        allowed = set(report['modules']) | set(self.hidden.modules) | {'warnings', '_warnings'}
        self.edges.update(loader.edges)
        new = create_hidden_modules(loader)
        names = set(self.hidden.modules).union(each.name for each in new)
        kept = []
        for each in new:
            each.closure = closure_of(each.name, self.edges, names)
            if each.name in allowed and allowed.issuperset(each.closure):
                kept.append(each)
                if each.effects is None and report['variables'].get(each.name):
                    each.effects = loader.effects[each.name]
                for name in report['variables'].get(each.name, ()):
                    key = name.encode('utf-8', 'surrogateescape')
                    each.effects.variables[key] = self.environment.fixed.get(key)
        self.hidden.hide(list(self.hidden.modules.values()) + kept, self.startup)


def read_text(path):
    with open(path, 'rb') as file:
        return file.read()
