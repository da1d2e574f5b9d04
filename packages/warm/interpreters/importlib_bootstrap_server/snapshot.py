"""Parts of modules as they were, so that the trial finds out which of them a module of others changes."""
import sys

from .library_state import create_memory
from .parts import OPAQUE, FunctionType, Walk, is_class, is_of_package

# The state of this package, and what effects.py, the import system or a profile function takes care of.
UNWATCHED = frozenset((
    'sys', '__main__', 'posix', 'builtins', 'atexit', '_frozen_importlib', '_frozen_importlib_external', 'importlib._bootstrap',
    'importlib._bootstrap_external', '_warnings', 'warnings', 'zipimport', 'time', 'linecache', 're',
    'sre_compile', 'sre_parse', 'encodings', 'codecs', '_codecs', 'tokenize', 'gc'))

# Modules add their own classes to this one, which matters to nobody else.
TABLE = 'copyreg.dispatch_table'
# Classes to which their first object adds methods, always the same ones.
LATE = frozenset(('django.utils.functional:type:lazy.<locals>.__proxy__',))


class Snapshot:
    """Of what `is_wanted(description)` wants. `is_quick`: it is little, so that it can be compared often."""

    def __init__(self, is_wanted, is_quick):
        self.is_wanted = is_wanted
        self.is_quick = is_quick
        self.walk = Walk(sys.modules, OPAQUE | {TABLE})
        self.memory = create_memory()
        self.parts = []  # [part, its description as it was, its memory as it was]

    def add_all(self):
        for name in list(sys.modules):
            self.add(name)

    def add(self, name):
        if name not in UNWATCHED and not is_of_package(name):
            for part in self.walk.parts_of(name, sys.modules.get(name)):
                description = description_of(part)
                if self.is_wanted(description):
                    self.parts.append([part, description, self.memory_of(part)])

    def changed(self):
        """What has changed since the last call: {description: None}, each with the name of a module before the colon."""
        return [each for each in {entry[1]: None for entry in self.parts if self.has_changed(entry)} if each not in LATE]

    def has_changed(self, entry):
        part, _, was = entry
        entry[2] = self.memory_of(part)
        return part.renew() or entry[2] != was

    def memory_of(self, part):
        """What only the memory of an object shows, or `None`."""
        if not part.is_opaque or self.memory is None:
            return None
        return [self.memory.read(*each) for each in self.memory.ranges_of(part.each)]


def description_of(part):
    """The same in another process."""
    each = part.each
    name = each.__qualname__ if type(each) is FunctionType else type.__dict__['__qualname__'].__get__(each) if is_class(each) else ''
    return '%s:%s:%s' % (part.owner, type(each).__name__, name)
