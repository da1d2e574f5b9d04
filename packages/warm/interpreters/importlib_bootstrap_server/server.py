"""The fork server: its start, and its loop.

A request is one message on the control socket, with three descriptors for the standard streams of the child:
`ID KIND`, the working directory, the number of arguments, the arguments, then `NAME=value` for the whole environment,
separated by NUL. Status lines: `ready`, `loading` (until `ready`), `started ID PID` (written by the child), `exited ID PID STATUS USER SYSTEM`,
`refused ID REASON` and `stale ID REASON` (nothing was run), `young REASON` and `plain REASON` (this process ends, after
its children),
`note TEXT`.
"""
import gc
import posix
import sys
import time

import _signal
import select

from .channel import Channel
from .child import Child
from .doubt import Doubt
from .ending import Ending
from .environment import Environment
from .hidden_module import HiddenModule
from .hidden_modules import HiddenModules
from .interpreter import check_interpreter, check_program, start_time, take_script_arguments
from .learning import Learning
from .library import Library
from .reasons import PlainStart, TooYoung
from .script import Script
from .import_lines import ImportLines
from .settings import Settings
from .site_modules import check_site_modules
from .standard_input import reopen_standard_input
from .watched_files import WatchedFiles, files_of, folders_of, is_there, mapped_files, optional_files, path_files

NO_REQUEST = 0
PACKAGE = __name__.rpartition('.')[0]


def serve(startup, main_globals, environment, protection):
    """Serves requests. Returns in each child, with what runs the script: a script sees few frames of ours."""
    channel = Channel()
    try:
        server = ForkServer(channel, startup, main_globals, environment, protection)
    except PlainStart as reason:
        channel.tell('plain', reason)
        posix._exit(0)
    except TooYoung as reason:
        channel.tell('young', reason)
        posix._exit(0)
    channel.tell('ready')
    while True:
        ready = server.poll.poll(server.learning.time_left())
        if not ready:
            server.learning.end_trial()
        for descriptor, _ in ready:
            if descriptor == server.wakeup:
                server.reap()
            elif descriptor == server.learning.pipe:
                server.learn()
            elif server.receive():
                return server.child


def is_of_package(name):
    return name == PACKAGE or name.startswith(PACKAGE + '.')


class ForkServer:
    def __init__(self, channel, startup, main_globals, environment, protection):
        self.channel = channel
        self.startup = startup
        self.protection = protection
        self.protection.check()
        check_interpreter()
        self.environment = Environment(environment)
        self.settings = Settings(self.environment.settings)
        self.environment.is_by_shim = self.settings.program == 'shim'
        check_program(self.settings.program)
        path, folder = take_script_arguments()
        self.script = Script(path, main_globals)
        self.library = Library(folder, self.settings.modules, startup)
        ours = [name for name in sys.modules if name not in startup and not is_of_package(name)]
        self.library.check([*ours, 'warnings'])  # which the loader of modules imports
        self.site_files = check_site_modules(self.library, self.protection)
        self.optional = {path: is_there(path) for path in optional_files(self.environment.fixed)}
        self.hidden = HiddenModules()
        self.hide_own_modules(ours)
        self.learning = Learning(startup, self.hidden, self.library, self.environment, self.protection, channel.tell)
        self.doubt = Doubt()
        self.hidden.extensions.doubt = self.doubt.tell
        self.hidden.script = self.script.code
        self.hidden.lines = ImportLines(self.script.source, self.script.path)
        self.watch(start_time())
        if self.files.young is not None:
            raise TooYoung('file younger than two seconds: ' + self.files.young)
        ending = Ending(startup, self.hidden, self.library)
        self.child = Child(self, self.script, ending, self.settings.cpu_time_limit)
        self.children = {}  # process id: identifier of the request
        self.ended = []  # process ids of children that have ended, of which `learning` does not know yet
        self.is_stale = False
        self.prepare()

    def hide_own_modules(self, ours):
        """Modules in C that this package has imported: a script that imports one of them gets the same one."""
        for name in [each for each in sys.modules if is_of_package(each)]:
            del sys.modules[name]
        self.hidden.hide([HiddenModule(name, sys.modules[name], None) for name in ours], self.startup)

    def watch(self, since):
        files = [self.script.path, sys.executable, *self.site_files, *mapped_files()]
        files += path_files(self.library.site_folders)
        files += files_of(self.startup.values())
        files += files_of(each.module for each in self.hidden.modules.values())
        self.files = WatchedFiles({**self.optional, **self.settings.decisive})
        self.files.watch(files, folders_of(self.hidden.modules, self.learning.not_found), since)

    def prepare(self):
        """Makes this process as much like the script's as can be, so that children have little to do."""
        reopen_standard_input()
        self.environment.clear()
        self.wakeup, wakeup = posix.pipe()
        for each in (self.wakeup, wakeup):
            posix.set_blocking(each, False)
        self.own_descriptors = [self.wakeup, wakeup]
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        self.poll = select.poll()
        self.poll.register(self.channel.control, select.POLLIN)
        self.poll.register(self.wakeup, select.POLLIN)
        self.freeze()

    def freeze(self):
        """The state that children start from: no garbage collection of theirs touches what is there now."""
        self.hidden.remember(self.startup, self.learning.not_found, self.library)
        gc.collect()
        gc.freeze()
        self.script.renew_main()

    def receive(self):
        """Takes a request. Returns whether this is its child."""
        request = self.channel.receive()
        if request is None:
            self.end()
        text, streams = request
        identifier = text.partition(b' ')[0]
        refusal = self.refusal(text, streams)
        if refusal is not None:
            self.channel.tell(refusal[0], identifier, refusal[1])
        elif self.fork(identifier, text, streams):
            return True
        for each in streams:
            posix.close(each)
        self.end_if_stale()
        return False

    def refusal(self, text, streams):
        """Why nothing is run for a request: (status word, reason)."""
        if self.is_stale:
            return 'stale', 'a file changed'
        if len(streams) != 3:
            return 'refused', 'it came without three descriptors'
        change = self.files.change()
        if change is not None:
            self.is_stale = True
            return 'stale', change
        try:
            posix.chdir(text.split(b'\0', 2)[1])
        except OSError as error:
            return 'refused', 'its folder: ' + error.strerror
        return None

    def fork(self, identifier, text, streams):
        reports = self.learning.is_wanted()
        try:
            pid = posix.fork()
        except OSError as error:
            self.channel.tell('refused', identifier, 'fork: ' + error.strerror)
            return False
        if pid == 0:
            pipe = [] if self.learning.pipe is None else [self.learning.pipe]
            self.child.begin(text, streams, self.own_descriptors + pipe, reports)
            return True
        self.children[pid] = identifier
        if reports:
            self.learning.reporter = pid
        return False

    def reap(self):
        """Reports the ends of children, and learns from them."""
        self.report_ends()
        if not self.is_stale and self.doubt.reason() is not None:
            self.is_stale = True
            self.channel.tell('plain', self.doubt.reason())
        ended, self.ended = self.ended, []
        for pid in ended:
            was_reporter = pid == self.learning.reporter
            if self.learning.ended(pid) and not self.is_stale:
                self.start_learning()
            elif was_reporter:
                self.channel.tell('learnt')
        self.end_if_stale()

    def report_ends(self):
        try:
            posix.read(self.wakeup, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status, usage = posix.wait4(-1, posix.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            identifier = self.children.pop(pid, None)
            if identifier is not None:
                user, system = int(usage.ru_utime * 1e6), int(usage.ru_stime * 1e6)
                self.channel.tell('exited', identifier, pid, status, user, system)
            self.ended.append(pid)

    def end_if_stale(self):
        """A new fork server takes this one's place, which has waited for its children."""
        if self.is_stale and not self.children:
            self.end()

    def end(self):
        self.learning.end_trial()
        posix._exit(0)

    def start_learning(self):
        """A run has told what it has imported: what is new is tried by a process of its own."""
        if not self.learning.candidates:
            self.tell_shared()
            return
        others = [*self.own_descriptors, self.channel.status, self.channel.control.fileno()]
        try:
            self.poll.register(self.learning.start_trial(others), select.POLLIN)
        except OSError as error:
            self.channel.tell('note', 'no trial of modules: ' + error.strerror)
            self.channel.tell('learnt')

    def learn(self):
        """The trial has ended: loads what has passed it."""
        self.poll.unregister(self.learning.pipe)
        report = self.learning.read_report()
        if report is None:
            self.channel.tell('learnt')
        if report is None or self.is_stale or self.files.change() is not None:
            return
        self.channel.tell('loading')
        try:
            self.load(report)
        except Exception as error:  # children go on, and another fork server comes
            self.channel.tell('note', 'loading modules fails: %s: %s' % (type(error).__name__, error))
            self.become_stale('its modules could not be loaded')
        self.tell_shared()
        self.reap()
        self.channel.tell('ready')

    def load(self, report):
        begin = time.time()
        gc.unfreeze()
        self.learning.load(report, self.refuse_waiting)
        self.watch(begin)
        if self.files.young is not None:
            self.become_stale('file changed: ' + self.files.young)
        self.refuse_waiting()
        self.freeze()
        self.refuse_waiting()

    def tell_shared(self):
        self.channel.tell('note', '%d modules are shared' % len(self.hidden.modules))
        self.channel.tell('learnt')

    def become_stale(self, reason):
        """Takes no more requests."""
        self.is_stale = True
        self.channel.tell('stale', NO_REQUEST, reason)

    def refuse_waiting(self):
        """Requests do not wait while modules are loaded: they are started plainly. The ends of others are reported."""
        self.report_ends()
        probe = select.poll()
        probe.register(self.channel.control, select.POLLIN)
        while probe.poll(0):
            request = self.channel.receive()
            if request is None:
                self.end()
            self.channel.tell('refused', request[0].partition(b' ')[0], 'modules are being loaded')
            for each in request[1]:
                posix.close(each)
