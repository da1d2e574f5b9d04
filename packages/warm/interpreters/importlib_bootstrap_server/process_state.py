"""What belongs to the whole process: a module that changes it on import is found out, whichever way it calls C."""
import gc
import posix
import sys

import _locale
import _signal

from .descriptors import read_file
from .interpreter_state import context_variables

STATUS = (b'Umask', b'Uid', b'Gid', b'Groups', b'SigBlk', b'SigIgn', b'SigCgt', b'Cpus_allowed')  # of /proc/self/status
GROUP, SESSION, NICE = 2, 3, 16  # fields of /proc/self/stat after the name of the program
LISTS = ('path', 'meta_path', 'path_hooks', 'warnoptions', 'orig_argv')
SIGNALS = sorted(map(int, _signal.valid_signals()))
CONTEXTS = ('DefaultContext', 'BasicContext', 'ExtendedContext')  # of `decimal`: C keeps their values
# What C keeps, and the functions that tell it, by the module that they belong to, which may not be loaded.
TOLD = {
    'faulthandler': ('the fault handler', 'is_enabled'),
    '_tracemalloc': ('the trace of memory', 'is_tracing', 'get_traceback_limit'),
    '_socket': ('the timeout of sockets', 'getdefaulttimeout'),
    '_csv': ('the dialects of csv', 'field_size_limit', 'list_dialects'),
    'gc': ('the garbage collector', 'isenabled', 'get_threshold', 'get_debug'),
    'sys': ('the interpreter', 'getrecursionlimit', 'getswitchinterval', 'getdlopenflags', 'get_int_max_str_digits',
            'get_asyncgen_hooks', 'get_coroutine_origin_tracking_depth'),
}
# C code sets these while it works.
INDIFFERENT = frozenset(('last_exc', 'last_type', 'last_value', 'last_traceback', '__warningregistry__'))
MISSING = object()


class ProcessState:
    def __init__(self):
        self.names = dict(sys.__dict__)
        self.values = values()

    def change(self):
        """What has changed since the last call, in words, or `None`. What was not there before does not count, but in `sys`."""
        names, self.names = self.names, dict(sys.__dict__)
        found, self.values = self.values, values()
        for name in {**names, **self.names}:
            if name not in INDIFFERENT and names.get(name, MISSING) is not self.names.get(name, MISSING):
                return 'sys.' + name
        return next((name for name, value in self.values.items() if found.get(name, value) != value), None)


def values():
    found = {'sys.' + name: list(map(id, getattr(sys, name, ()))) for name in LISTS}
    found['sys._xoptions'] = dict(sys._xoptions)
    found['context variables'] = context_variables()
    decimal = sys.modules.get('decimal')
    found.update(('decimal.' + name, repr(getattr(decimal, name))) for name in CONTEXTS if hasattr(decimal, name))
    thread = getattr(sys.modules.get('threading'), '_main_thread', None)
    if thread is not None:
        found['the main thread'] = {name: id(value) for name, value in thread.__dict__.items()}
    found['a signal handler'] = [id(_signal.getsignal(each)) for each in SIGNALS]
    found['a timer'] = _signal.getitimer(_signal.ITIMER_VIRTUAL)[1], _signal.getitimer(_signal.ITIMER_PROF)[1]
    found['the locale'] = _locale.setlocale(_locale.LC_ALL, None)
    for module, (text, *functions) in TOLD.items():
        owner = sys.modules.get(module)
        if owner is not None:
            found[text] = [getattr(owner, name)() for name in functions if hasattr(owner, name)]
    found['the folder'] = posix.getcwd()
    found['a limit'] = read_file('/proc/self/limits')
    found.update(kernel_state())
    return found


def kernel_state():
    lines = [line.split(b':', 1) for line in read_file('/proc/self/status').splitlines()]
    found = {'the state of the process (%s)' % name.decode(): text for name, text in lines if name in STATUS}
    fields = read_file('/proc/self/stat').rpartition(b')')[2].split()
    found.update({'its process group': fields[GROUP], 'its session': fields[SESSION], 'its priority': fields[NICE]})
    return found
