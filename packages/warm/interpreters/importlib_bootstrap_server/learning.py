"""Finds out what a script imports, tries these modules, and loads those that can be shared."""
import marshal
import mmap
import posix
import sys
import time

import _signal

from .compilation import restore_filters
from .descriptors import read_to_end
from .import_graph import closure_of, find_first, needed_before
from .library import origin_of, specification_of
from .module_loader import ModuleLoader, create_hidden_modules
from .trials import run_trial, try_modules

REPORT_BYTES = 1 << 20
RUNS = (1, 2, 3, 10, 100, 1000)  # the runs that report what they have imported
# Those that the loader needs itself: the trial has them before its begin.
WARNINGS = {'warnings', '_warnings', '_py_warnings'}
LONGEST_TRIAL = 300  # seconds: a module may wait for something


class Learning:
    """Runs report by memory that they share with the fork server: a descriptor would be seen by the script."""

    def __init__(self, startup, hidden, library, environment, protection, tell):
        self.startup = startup
        self.hidden = hidden
        self.library = library
        self.environment = environment
        self.protection = protection
        self.tell = tell
        self.memory = None  # of the reporter
        self.runs = 0
        self.reporter = None  # the process that reports at its end
        self.known = {}  # name: origin, of all that was reported
        self.candidates = {}  # those that are to be tried
        self.trial = None  # the process
        self.group = None  # its process group, to which its twin belongs
        self.deadline = 0.0  # when they have taken too long
        self.pipe = None
        self.edges = {}
        self.not_found = {}

    # In the child

    def report(self):
        """Writes what this run has imported so far, in the order in which the imports began.

        Of two modules that import each other, one may fail where it is imported first.
        """
        modules = sys.__dict__.get('modules')
        if type(modules) is not dict:
            return  # the script has set it to something else
        ordered = {name: modules[name] for name in self.hidden.begun if name in modules}
        names = b'\0'.join(
            name.encode('utf-8', 'surrogateescape') + b'=' + origin_of(module).encode('utf-8', 'surrogateescape')
            for name, module in {**ordered, **modules}.items()
            if name not in self.startup and name not in self.hidden.modules and isinstance(origin_of(module), str)
            and specification_of(module).name == name)
        self.memory.write((b'%d\0' % len(names) + names)[:REPORT_BYTES])

    # In the fork server

    def is_wanted(self):
        """Whether the next run is to report. It takes the place of one that has not ended, such as an event stream."""
        self.runs += 1
        if self.trial is not None or self.pipe is not None or self.runs not in RUNS and self.known:
            return False
        self.memory = mmap.mmap(-1, REPORT_BYTES)
        return True

    def ended(self, pid):
        """A child has ended. Returns whether it has reported what it has imported."""
        if pid == self.trial:
            self.trial = None
        if pid != self.reporter:
            return False
        self.reporter = None
        size, _, names = self.memory[:].partition(b'\0')
        self.memory = None
        if not size.isdigit():
            self.tell('note', 'no modules are shared: the script has ended its process by itself')
            return False
        if int(size) > REPORT_BYTES - 16:
            self.tell('note', 'no modules are shared: their names are longer than %d bytes' % REPORT_BYTES)
            return False
        found = (entry.partition(b'=')[::2] for entry in names[:int(size)].split(b'\0') if entry)
        new = {name.decode('utf-8', 'surrogateescape'): origin.decode('utf-8', 'surrogateescape') for name, origin in found}
        new = {name: origin for name, origin in new.items() if name not in self.known}
        self.known.update(new)
        self.candidates = {name: origin for name, origin in new.items() if self.library.refusal(name, origin) is None}
        return True

    def start_trial(self, others):
        """Forks a process that tries the candidates. Returns the pipe for its report. `others`: descriptors to close."""
        output, pipe = posix.pipe()
        try:
            self.trial = posix.fork()
        except OSError:
            posix.close(output)
            posix.close(pipe)
            raise
        self.pipe = output
        self.group, self.deadline = self.trial, time.monotonic() + LONGEST_TRIAL
        if self.trial == 0:
            self.leave_fork_server(others)
            self.hidden.reveal()
            self.environment.set_fixed()
            run_trial(pipe, try_modules, self.library, self.candidates, self.edges,
                      self.protection.end_with_parent)
        posix.close(pipe)
        lead_group(self.trial)
        return self.pipe

    def leave_fork_server(self, others):
        """Gives up the descriptors and handlers of the fork server."""
        lead_group(0)
        _signal.alarm(LONGEST_TRIAL)  # if the fork server is killed, and the system does not know the next call
        self.protection.end_with_parent()
        self.protection.end()
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        for each in others:
            posix.close(each)

    def time_left(self):
        """Of a trial, in milliseconds, or `None`."""
        return None if self.pipe is None else max(0, int((self.deadline - time.monotonic()) * 1000))

    def end_trial(self):
        """The system does this, not a timer of the processes: a module could turn it off."""
        if self.pipe is not None:
            try:
                posix.killpg(self.group, _signal.SIGKILL)
            except OSError:
                pass  # they have just ended
            self.deadline = time.monotonic() + LONGEST_TRIAL

    def read_report(self):
        """The report of the trial, or `None`."""
        content = read_to_end(self.pipe)
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
        allowed = set(report['modules']) | set(self.hidden.modules) | WARNINGS
        self.edges.update(loader.edges)
        new = create_hidden_modules(loader)
        names = set(self.hidden.modules).union(each.name for each in new)
        owners = {key: each.name for each in (*self.hidden.modules.values(), *new) for key, _ in each.aliases}
        kept, dropped = [], []
        for each in new:
            each.entries = closure_of(each.name, self.edges, names, owners)
            each.closure = tuple([name for name in each.entries if name in names])
            if not (each.name in allowed and allowed.issuperset(each.closure)):
                dropped.append(each)
            else:
                kept.append(each)
                each.imports = tuple(self.edges.get(each.name, ()))
                each.reads = frozenset(report['reads'].get(each.name, ()))
                if each.effects is None and report['variables'].get(each.name):
                    each.effects = loader.effects[each.name]
                for name in report['variables'].get(each.name, ()):
                    key = name.encode('utf-8', 'surrogateescape')
                    each.effects.variables[key] = self.environment.fixed.get(key)
        every = [*self.hidden.modules.values(), *kept]
        first = find_first({each.name: frozenset(each.closure) for each in every}, self.edges)
        for each in kept:
            each.after = needed_before(each.name, self.edges, names, first)
        self.hidden.hide(every, self.startup, dropped)


def lead_group(process):
    """Makes a process the first of its own group. It may do so by itself before."""
    try:
        posix.setpgid(process, process)
    except OSError:
        pass
