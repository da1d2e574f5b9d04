"""PR_SET_DUMPABLE: other processes of the same user cannot trace the fork server or read its memory."""
import posix

import _signal

from .reasons import PlainStart

PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
ROOT = 0
LOW_DESCRIPTORS = 100
NEEDED_DESCRIPTORS = 8  # to import a module


class Protection:
    """Protects this process. Calls C's `prctl()` by `_ctypes`: `ctypes` would make code at run time, which children share."""

    def __init__(self):
        try:
            _ctypes = import_ctypes()
            self.call = _ctypes.call_function
            self.function = _ctypes.dlsym(_ctypes.dlopen(None, 0), 'prctl')
        except (ImportError, OSError, AttributeError):
            self.function = None
            return
        self.initial = self.prctl(PR_GET_DUMPABLE, 0)
        self.prctl(PR_SET_DUMPABLE, 0)

    def check(self):
        """Throws `PlainStart` where another process of the user could change what each request runs. Root always can."""
        if posix.geteuid() == ROOT:
            return
        if self.function is None:
            raise PlainStart('its interpreter cannot protect a fork server, since it has no module _ctypes')
        if self.prctl(PR_GET_DUMPABLE, 0) != 0:
            raise PlainStart('this system cannot protect a fork server: prctl() fails')

    def end(self):
        """As each process is after exec: else a child could not read its own /proc/self."""
        if self.function is not None:
            self.prctl(PR_SET_DUMPABLE, self.initial)

    def end_with_parent(self):
        """This process is killed when the fork server has ended."""
        if self.function is not None:
            self.prctl(PR_SET_PDEATHSIG, _signal.SIGKILL)

    def prctl(self, operation, value):
        return self.call(self.function, (operation, value, 0, 0, 0))


def import_ctypes():
    """libffi may open its own file when it is loaded, and keeps it open for its trampolines. That descriptor must not be one
    of those that a script gets first, which it has in a plain run."""
    taken = []
    try:
        while len(taken) < LOW_DESCRIPTORS:
            taken.append(posix.dup(0))
    except OSError:  # there are no more
        for _ in range(min(len(taken), NEEDED_DESCRIPTORS)):
            posix.close(taken.pop())
    try:
        import _ctypes
    finally:
        for each in taken:
            posix.close(each)
    return _ctypes
