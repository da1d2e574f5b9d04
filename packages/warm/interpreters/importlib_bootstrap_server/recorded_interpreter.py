"""Tells what a module reads of the interpreter on import: names of `sys`, `__main__`, frames, standard input, filters."""
import sys

from .interpreter_state import HANDLED, WHOLE, names_of_state
from .recorded_streams import RecordedInput
from .recorders import IMPORT_SYSTEM, PACKAGE

ModuleType = type(sys)
getframe = sys._getframe
FRAMES = ('_getframe', '_getframemodulename')
# How code in Python reads names that are not in it.
INDIRECT = frozenset((WHOLE, 'vars', 'dir', 'attrgetter'))


class RecordedInterpreter:
    """`name()` gives the module that runs; `record(text)` is called for what keeps it from being shared.

    A name of `sys` is read by code that has it, so the names of all code that a module runs are taken as read.
    """

    def __init__(self, name, record):
        self.name = name
        self.record = record
        self.reads = {}  # name of a module: {name of the state}
        self.codes = {}  # (name of a module, id of code): code that it has run
        self.names = frozenset()

    def install(self):
        """For the rest of this process."""
        self.names = names_of_state() - {'path', 'modules'}  # `os.path` is in most modules
        for name in FRAMES:
            if hasattr(sys, name):
                setattr(sys, name, self.recording_frames(getattr(sys, name)))
        sys.modules['__main__'].__class__ = recorded_class(ModuleType, lambda: self.record('uses __main__'))
        sys.path = recorded_list(sys.path, lambda: self.add(('path',)))
        for name in ('stdin', '__stdin__'):
            setattr(sys, name, RecordedInput(self.record, getattr(sys, name)))

    def install_filters(self):
        """Those of the loader are others than the script's."""
        warnings = sys.modules['warnings']
        warnings.filters = recorded_list(warnings.filters, lambda: self.record('reads the filters of warnings'))

    def add(self, names):
        if self.name() is not None:
            self.reads.setdefault(self.name(), set()).update(names)

    def run(self, code):
        """A module runs this code."""
        key = self.name(), id(code)
        if key in self.codes or code.co_filename in IMPORT_SYSTEM or PACKAGE in code.co_filename:
            return
        self.codes[key] = code
        names = {*code.co_names, *texts_of(code.co_consts)}
        if 'f_back' in names:
            self.record('looks at the frames of its importer')
        if 'orig_argv' in names:
            self.record('reads sys.orig_argv')
        if HANDLED in names:  # an exception of its own tells that of its importer
            self.add((HANDLED,))
        self.add(names & self.names)
        if 'sys' in names and not INDIRECT.isdisjoint(names):
            self.add((WHOLE,))

    def recording_frames(self, function):
        def look(depth=0):
            each, found = getframe(1), getframe(depth + 1)
            if found.f_code.co_filename not in IMPORT_SYSTEM:  # which C code of a module comes to
                while each is not found and each.f_code.co_filename not in IMPORT_SYSTEM:
                    each = each.f_back
                if each is not found:
                    self.record('looks at the frames of its importer')
            return function(depth + 1)
        look.__name__ = function.__name__
        return look


def recorded_class(base, read):
    """A subclass that calls `read()` where code of neither the import system nor this package reads an attribute, and where one is set."""
    def get(self, name):
        if is_other(getframe(1)):
            read()
        return base.__getattribute__(self, name)

    def changing(method):
        def change(self, *arguments):
            read()
            method(self, *arguments)
        return change
    return type(base.__name__, (base,), {
        '__getattribute__': get, '__setattr__': changing(base.__setattr__), '__delattr__': changing(base.__delattr__)})


def recorded_list(values, read):
    """A list that calls `read()` where such code, or none of `warnings`, reads it; slices of it do so, too."""
    def reader(name):
        method = getattr(list, name)

        def call(self, *arguments):
            if is_other(getframe(1)):
                read()
            found = method(self, *arguments)
            return kind(found) if type(found) is list else found
        return call
    kind = type('list', (list,), {name: reader(name) for name in (
        '__getitem__', '__iter__', '__len__', '__contains__', '__eq__', '__ne__', '__repr__', '__add__', '__mul__',
        '__reversed__', 'copy', 'count', 'index')})
    return kind(values)


def texts_of(constants):
    for each in constants:
        if type(each) is str:
            yield each
        elif type(each) is tuple:
            yield from [text for text in each if type(text) is str]


def is_other(frame):
    name = frame.f_globals.get('__name__')
    return frame.f_code.co_filename not in IMPORT_SYSTEM and PACKAGE not in frame.f_code.co_filename and name not in (
        'warnings', '_py_warnings')
