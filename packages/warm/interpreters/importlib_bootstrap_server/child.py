"""A child of the fork server: it becomes the script's process."""
import posix
import sys

import _signal
import resource

from .effects import refresh_threading
from .standard_input import reopen_standard_input

NOT_STARTED = 70  # the exit code of a child that has not written `started`


class Child:
    """What a child needs, made once in the fork server."""

    def __init__(self, server, script, ending, cpu_time_limit):
        self.server = server  # which must live as long: all that is freed in a child is copied first
        self.channel = server.channel
        self.environment = server.environment
        self.hidden = server.hidden
        self.learning = server.learning
        self.protection = server.protection
        self.threading = server.startup.get('threading')
        self.has_resource = 'resource' in server.startup
        self.script = script
        self.ending = ending
        self.cpu_time_limit = cpu_time_limit

    def begin(self, text, streams, descriptors, reports):
        """Makes this process the script's. Nothing of the script is run before `started` is written."""
        try:
            fields = text.split(b'\0')
            identifier, kind = fields[0].split(b' ')
            end = 3 + int(fields[2])
            self.take_descriptors(streams, descriptors)
            self.take_limits()
            self.take_names(kind, fields[3:end], fields[end:])
            self.process = posix.getpid()
            self.reports = reports
            if self.threading is not None:
                self.hidden.state.accept(refresh_threading(self.threading))
            self.channel.tell(b'started', identifier, self.process)
            posix.close(self.channel.status)
            self.protection.end()  # it has nothing of the fork server's any more
        except BaseException:
            posix._exit(NOT_STARTED)
        self.hidden.begin()

    def run(self):
        """Runs the script, and ends as a plain run does."""
        self.script.run()
        if self.reports and posix.getpid() == self.process:  # not a child of the script
            self.learning.report()
        self.ending.exit(self.script)

    def take_descriptors(self, streams, descriptors):
        posix.setpgid(0, 0)
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        for target, stream in enumerate(streams):
            posix.dup2(stream, target)
        posix.close(self.channel.control.detach())  # the object must not close this number once more
        for each in (*streams, *descriptors):
            posix.close(each)

    def take_limits(self):
        if self.cpu_time_limit is not None:
            # As `prlimit --cpu=N:N+1` does for a plain start.
            resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_time_limit, self.cpu_time_limit + 1))

    def take_names(self, kind, arguments, environment):
        self.environment.set_request(environment)
        if kind != b'null':  # it is made for the null device already
            reopen_standard_input()
        encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
        sys.argv[:] = [each.decode(encoding, errors) for each in arguments]
        if hasattr(sys, 'orig_argv'):
            sys.orig_argv[-1:] = sys.argv
        if not self.has_resource:
            sys.modules.pop('resource', None)  # wait4() of the fork server imports it
