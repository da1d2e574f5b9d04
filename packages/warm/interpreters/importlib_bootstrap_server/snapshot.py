"""What modules hold: their names, classes, functions, objects and containers, so that a change of these is seen."""
import sys

import _operator

FunctionType = type(lambda: None)
ModuleType = type(sys)
DEEPEST = 4  # a module's class's table's list
CONTAINERS = (list, set, frozenset, tuple)
# What the import system and Python itself change.
INDIFFERENT = frozenset((
    '__builtins__', '__warningregistry__', '__abstractmethods__', '_abc_impl', '__annotations__', '__annotations_cache__',
    '__static_attributes__', '__signature__',
    # Of `logging`: effects.py does anew what a module has done to them.
    'loggerDict', '_handlers', '_handlerList', '_cache', '_at_fork_reinit_lock_weakset'))
# The state of this package, and what effects.py, the import system or a profile function takes care of.
UNWATCHED = frozenset((
    'sys', '__main__', 'posix', 'builtins', 'atexit', '_frozen_importlib', '_frozen_importlib_external', '_warnings', 'warnings',
    'zipimport', 'time', 'linecache', 're', 'sre_compile', 'sre_parse', 'encodings', 'codecs', '_codecs', 'tokenize', 'gc'))


class Snapshot:
    """Of what `is_wanted(description)` wants. `is_quick`: it is little, so that it can be compared often."""

    def __init__(self, is_wanted, is_quick):
        self.is_wanted = is_wanted
        self.is_quick = is_quick
        self.seen = {}  # id: object
        self.parts = []  # [module, object, what it holds]

    def add_all(self):
        for name in list(sys.modules):
            self.add(name)

    def add(self, name):
        module = sys.modules.get(name)
        names = getattr(module, '__dict__', None)
        if type(names) is not dict or name in UNWATCHED or is_of_package(name):
            return
        if name == 'logging':  # the default value of an argument of shutdown()
            self.seen[id(names.get('_handlerList'))] = names.get('_handlerList')
        if name == 'weakref':  # learning.py lets each child register its exit function
            self.seen[id(names.get('finalize'))] = names.get('finalize')
        waiting = [(names, name, 0)]
        while waiting:
            each, owner, depth = waiting.pop()
            if id(each) in self.seen:
                continue
            held = held_by(each)
            if held is None:
                continue
            owner = owner_of(each, owner)
            self.seen[id(each)] = each
            if self.is_wanted(description_of(owner, each)):
                self.parts.append([owner, each, held])
            if depth < DEEPEST:
                waiting.extend([(child, owner, depth + 1) for child in held if type(child) not in (str, int, type(None))])

    def changed(self):
        """What has changed since the last call: {description: None}, each with the name of a module before the colon."""
        found = {}
        for part in self.parts:
            owner, each, was = part
            held = held_by(each)
            if len(held) != len(was) or not all(map(_operator.is_, held, was)):
                part[2] = held
                found[description_of(owner, each)] = None
        return list(found)


def held_by(each):
    """A tuple of all that an object holds, or `None`."""
    kind = type(each)
    if kind is dict:
        return pairs_of(each)
    if kind is FunctionType:
        return (each.__code__, each.__defaults__, each.__kwdefaults__, *pairs_of(each.__dict__))
    if kind in CONTAINERS:
        return tuple(each)
    if issubclass(kind, type):
        return (*type.__dict__['__bases__'].__get__(each), *pairs_of(type.__dict__['__dict__'].__get__(each)))
    if issubclass(kind, ModuleType) or not kind.__dictoffset__:
        return (each.__func__,) if kind in (staticmethod, classmethod) else None
    try:
        names = object.__getattribute__(each, '__dict__')
    except AttributeError:
        return None
    return pairs_of(names) if type(names) is dict else None


def pairs_of(names):
    """Without modules: the import system stores each in its package."""
    return tuple([part for pair in list(names.items()) if type(pair[1]) is not ModuleType and not (
        type(pair[0]) is str and pair[0] in INDIFFERENT) for part in pair])


def description_of(owner, each):
    kind = type(each)
    return '%s:%s:%s' % (owner, kind.__name__, each.__qualname__ if kind is FunctionType or kind is type else '')


def owner_of(each, owner):
    """A class or a function belongs to the module that has made it."""
    if type(each) is FunctionType or issubclass(type(each), type):
        name = getattr(each, '__module__', None)
        return name if type(name) is str and name in sys.modules else owner
    return owner


def is_of_package(name):
    return name.partition('.')[0] == __name__.partition('.')[0]
