"""The end of a script, as `Py_RunMain()` has it, without its cost.

`Py_FinalizeEx()` takes every module apart, which copies nearly all memory that is shared with the fork server. Here the
exit functions are called, the streams are flushed and the script's objects are released; what the library holds is left
to the kernel. Where that could make a difference, Python ends by itself.
"""
import atexit
import gc
import posix
import sys

import _io
import _thread
from _weakref import ReferenceType

from .effects import Effects
from .library import origin_of

LONG_MAX = sys.maxsize
# `sys_deletes` of finalize_modules_delete_special() in Python/pylifecycle.c
SYS_DELETES = ('path', 'argv', 'ps1', 'ps2', 'last_exc', 'last_type', 'last_value', 'last_traceback',
               'path_hooks', 'path_importer_cache', 'meta_path', '__interactivehook__')
FUNCTION = type(lambda: None)
ModuleType = type(sys)
MISSING = object()
# Modules in C with something to do in exit(), or, for the databases, when an object of theirs is freed.
ENDED_BY_PYTHON = frozenset(('ctypes', '_ctypes', 'readline', '_dbm', '_gdbm'))
SYS_FILES = (('stdin', '__stdin__'), ('stdout', '__stdout__'), ('stderr', '__stderr__'))


class Ending:
    """What is to be done after the script."""

    def __init__(self, startup, hidden, library):
        self.startup = startup
        self.last_startup = list(startup)[-1]
        self.hidden = hidden
        self.library = library
        self.modules = sys.modules  # those that C knows, whatever a script sets `sys.modules` to

    def exit(self, script):
        """Ends the process, or throws what lets Python end it."""
        error, script.error = script.error, None  # no other reference may keep the script's frames
        is_flushed = flush_silently('stderr') & flush_silently('stdout')  # flush_io() of Python/pythonrun.c
        is_interrupted = is_interrupt(type(error))
        code = 0 if error is None else report_error(error)
        error = None
        if is_interrupted or not is_flushed or not fits(code) or self.needs_own_end():
            self.end_by_python(code, is_interrupted)
        shut_threads_down(self.modules.get('threading'))
        run_exit_functions()
        if not (flush_strictly('stdout') and flush_strictly('stderr')) or _thread._count() > 0 or self.has_code_to_run():
            self.end_by_python(code, False)
        self.release(script)
        if not flush_open_files(self.modules.get('_sqlite3')):
            for name in [name for name, module in self.modules.items() if module is None]:
                del self.modules[name]  # as release() has left them: Python asks for `threading` once more
            self.end_by_python(code, False)
        posix._exit(code)

    def end_by_python(self, code, is_interrupted):
        """Leaves this process to `Py_FinalizeEx()`, which has to collect what was there before the fork, too."""
        self.hidden.forget()
        self.startup.clear()
        gc.unfreeze()
        if is_interrupted:
            sys.excepthook = lambda *_: None  # it was reported
            raise KeyboardInterrupt
        raise SystemExit(code)

    def needs_own_end(self):
        """Whether something is loaded that C's exit() may have to end, or that this file does not know."""
        loaded = self.modules
        if sys.__dict__.get('modules') is not loaded or not isinstance(loaded.get('threading', sys), ModuleType):
            return True
        if not ENDED_BY_PYTHON.isdisjoint(loaded) or gc.get_debug():
            return True
        if sys.version_info[:2] == (3, 12) and atexit._ncallbacks() > Effects.registered:
            return True  # this version refuses fork() and new threads in exit functions
        for name in self.own_modules():
            if self.library.needs_own_end(name, origin_of(loaded[name])):
                return True
        return False

    def has_code_to_run(self):
        """Whether something that the script has made runs code of its own when it is freed. Python frees it in its own order,
        when built-in functions and modules are gone already."""
        for each in gc.get_objects():
            kind = type(each)
            # By identity: a class of the script may have its own name, hash and comparison.
            if any(kind is each_kind and getattr(each, frame) is not None for each_kind, frame in SUSPENDED):
                return True
            if self.is_own(finalizer_of(kind)):
                return True
            if kind is ReferenceType and self.is_own(each.__callback__):
                return True
        return False

    def is_own(self, function):
        return type(function) is FUNCTION and not self.library.is_standard(function.__code__.co_filename)

    def release(self, script):
        """As `finalize_modules()` of Python/pylifecycle.c, for the script and the modules that only it has loaded."""
        for name in SYS_DELETES:
            if name in sys.__dict__:
                setattr(sys, name, None)
        for name, original in SYS_FILES:
            setattr(sys, name, sys.__dict__.get(original))
        for name in [*self.own_modules(), '__main__']:
            self.modules[name] = None
        script.main = None
        gc.collect()

    def own_modules(self):
        """The modules that this run has loaded by itself, the last first."""
        names = []
        for name in reversed(self.modules):  # without a touch of those that were there before
            if name == self.last_startup:
                break
            if name not in self.hidden.modules:
                names.append(name)
        return names


def is_interrupt(kind):
    """As `run_eval_code_obj()`, and from 3.14 on `_Py_HandleSystemExitAndKeyboardInterrupt()`, of Python/pythonrun.c."""
    return kind is KeyboardInterrupt or sys.version_info >= (3, 14) and issubclass(kind, KeyboardInterrupt)


def suspended_kinds():
    """(type, name of its frame) of what waits in the middle of a function."""
    async def coroutine():
        pass

    async def generator():
        yield
    waiting = coroutine()
    waiting.close()
    return (type(each for each in ()), 'gi_frame'), (type(waiting), 'cr_frame'), (type(generator()), 'ag_frame')


SUSPENDED = suspended_kinds()


def report_error(error):
    """As `PyErr_PrintEx()` of Python/pythonrun.c. Returns the exit code."""
    if isinstance(error, SystemExit):
        return exit_code_of(error)
    kind, trace = type(error), error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    hook = getattr(sys, 'excepthook', MISSING)
    if hook is MISSING:
        write_error('sys.excepthook is missing\n')
        sys.__excepthook__(kind, error, trace)
        return 1
    failure = call_hook(hook, kind, error, trace)
    if isinstance(failure, SystemExit):
        return exit_code_of(failure)
    if failure is not None:
        write_error('Error in sys.excepthook:\n')
        failure.__traceback__ = failure.__traceback__.tb_next  # without the frame of call_hook()
        sys.__excepthook__(type(failure), failure, failure.__traceback__)
        write_error('\nOriginal exception was:\n')
        sys.__excepthook__(kind, error, trace)
    flush_silently('stderr')
    return 1


def call_hook(hook, kind, error, trace):
    try:
        hook(kind, error, trace)
    except BaseException as failure:
        return failure
    return None


def exit_code_of(error):
    """As `handle_system_exit()` of Python/pythonrun.c."""
    try:
        code = error.code
    except BaseException:
        code = error
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code) & 0xff if fits(code) else code  # versions differ in what they say about it
    write_error(code)
    write_error('\n')
    return 1


def fits(code):
    return -LONG_MAX - 1 <= code <= LONG_MAX


def write_error(text):
    """To descriptor 2 where there is no `sys.stderr`."""
    try:
        stream = getattr(sys, 'stderr', None)
        if stream is None:
            posix.write(2, str(text).encode('utf-8', 'backslashreplace'))
        else:
            stream.write(str(text))
    except BaseException:
        pass


def shut_threads_down(threading):
    if threading is not None:
        try:
            threading._shutdown()
        except BaseException as error:
            report_error(error)


def run_exit_functions():
    hook = getattr(sys, 'unraisablehook', None)
    call = sys.__unraisablehook__ if hook is None else hook
    sys.unraisablehook = lambda arguments: call(without_own_frame(arguments))
    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass  # 3.9 reports each failure and then throws the last
    finally:
        sys.unraisablehook = hook
    atexit._clear()


def without_own_frame(arguments):
    """Where C code fails, `PyErr_WriteUnraisable()` adds the frame that runs. There is none at the end of Python."""
    trace = arguments.exc_traceback
    if trace is None or trace.tb_frame.f_code.co_filename != __file__:
        return arguments
    return type(arguments)((*arguments[:2], None, *arguments[3:]))


def flush_silently(name):
    try:
        stream = getattr(sys, name)
        if stream is not None:
            stream.flush()
    except BaseException:
        return False
    return True


def flush_strictly(name):
    """As `flush_std_files()` of Python/pylifecycle.c; where it fails Python tries again and reports it."""
    stream = getattr(sys, name, None)
    return stream is None or getattr(stream, 'closed', False) or flush_silently(name)


def flush_open_files(sqlite3):
    """Flushes files that the library still holds for the script, and the standard streams once more.

    Returns `False` for an object that Python ends when it takes the library apart: one that still has a `__del__()`, a
    database, or a file of a class of its own (a GzipFile writes its trailer when it is closed).
    """
    databases = getattr(sqlite3, 'Connection', ())
    for each in gc.get_objects():
        kind = type(each)
        if finalizer_of(kind) is not None or issubclass(kind, databases):
            return False
        if issubclass(kind, _io._IOBase) and kind.__module__ != '_io' and is_open(each):
            return False
        if issubclass(kind, (_io.TextIOWrapper, _io.BufferedWriter, _io.BufferedRandom)):
            try:
                each.flush()
            except BaseException:
                pass
    flush_silently('stdout')
    flush_silently('stderr')
    return True


def finalizer_of(kind):
    """The `__del__()` of a class in Python, or `None`. Its own class may have a `__getattr__()`, which is not asked."""
    try:
        function = type.__getattribute__(kind, '__del__')
    except AttributeError:
        return None
    return function if type(function) is FUNCTION else None


def is_open(file):
    try:
        return not file.closed
    except BaseException:
        return True
