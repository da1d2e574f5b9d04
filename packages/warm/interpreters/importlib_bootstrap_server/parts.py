"""What modules hold: their names, classes, functions, objects and containers, so that a change of these is seen."""
import sys

import gc

from _collections import defaultdict, deque
import _functools
import _thread

from .opaque_objects import HEAP_TYPE, hidden_content, is_asked, is_opaque, is_unchanging, native_class_of

FunctionType = type(lambda: None)
ModuleType = type(sys)
NAMES_OF_MODULE = ModuleType.__dict__['__dict__'].__get__  # a class of the script may have a `__getattribute__()`
CellType = type((lambda each: lambda: each)(0).__closure__[0])
MethodType = type(FunctionType.__get__(lambda: None, 0))
ProxyType = type(type.__dict__)
MemberType = type(FunctionType.__closure__)
SEQUENCES = (list, tuple)
SETS = (set, frozenset)
DEFAULT = defaultdict.default_factory
LOCAL = _thread._local
WRAPPERS = {
    staticmethod: ('__func__',), classmethod: ('__func__',), property: ('fget', 'fset', 'fdel'),
    MethodType: ('__func__', '__self__'), _functools.partial: ('func', 'args', 'keywords')}
MISSING = object()
MADE_ANEW = (bytes, int, str)  # by C code that is asked for a value again
BuiltinType, FrameType = type(len), type(sys._getframe())
PLAIN = (str, int, float, complex, bool, bytes, type(None), type(sys.flags), type((lambda: 0).__code__), BuiltinType, FrameType)
# Names that the import system and Python itself change in any module or class.
INDIFFERENT = frozenset((
    '__builtins__', '__warningregistry__', '__abstractmethods__', '_abc_impl', '__annotations__', '__annotations_cache__',
    '__static_attributes__', '__signature__'))
# Names that their module sets when it needs them first.
LATE = frozenset(('urllib.parse._hextobyte',))
# Caches and registers that change while they are used, and what effects.py does anew: which object is there is seen, but
# not what it holds. `module.name`, or `module.Class.name` for each object of the class.
OPAQUE = frozenset((
    'logging._handlers', 'logging._handlerList', 'logging._at_fork_reinit_lock_weakset', 'logging.Manager.loggerDict',
    'logging.Logger._cache', 'weakref.finalize', 're._cache', 're._cache2', 'linecache.cache', 'encodings._cache',
    'posix.environ', 'os._Environ._data', 'threading._active', 'threading._limbo', 'threading._dangling', 'threading._main_thread',
    'threading._shutdown_locks', 'warnings.filters', 'warnings.onceregistry', 'warnings._onceregistry', '_warnings.filters',
    '_warnings._onceregistry', '_frozen_importlib._module_locks', '_frozen_importlib._blocking_on',
    'typing._overload_registry', 'typing._cleanups',
    '_ctypes._pointer_type_cache', 'ctypes._pointer_type_cache', 'enum.Enum._value2member_map_',
    '_frozen_importlib.BuiltinImporter.find_spec'))


class Part:
    """An object that can change, and what it holds."""

    __slots__ = ('owner', 'each', 'kind', 'held', 'modules', 'ranges', 'is_asked', 'is_opaque')

    def __init__(self, owner, each, held, modules):
        self.owner = owner  # the name of a module
        self.each = each
        self.kind = type(each)
        self.modules = modules
        self.held = held
        self.ranges = ()  # the memory in which it keeps that
        self.is_asked = is_asked(each, self.kind)
        self.is_opaque = is_opaque(each, self.kind)

    def renew(self):
        """Takes what it holds now. Returns whether that is something else."""
        was, self.held = self.held, held_by(self.each)
        kind, self.kind = self.kind, type(self.each)
        return kind is not self.kind or not is_same(was, self.held) and not self.is_late(was)

    def is_late(self, was):
        """Whether all that has changed are names of a module that the import system or the module itself has set."""
        module = self.modules.get(self.owner)
        if not issubclass(type(module), ModuleType) or NAMES_OF_MODULE(module) is not self.each:
            return False
        was, now = dict(pairs(was)), dict(pairs(self.held))
        changed = [key for key in {**was, **now} if was.get(key, MISSING) is not now.get(key, MISSING)]
        places = {key: '%s.%s' % (self.owner, key) for key in changed}
        return all(place in LATE or key not in was and sys.modules.get(place) is now[key] for key, place in places.items())


def pairs(held):
    return zip(held[::2], held[1::2])


def is_same(held, was):
    return len(held) == len(was) and all([
        one is other or type(one) is type(other) and type(one) in MADE_ANEW and one == other for one, other in zip(held, was)])


class Walk:
    """Goes through all that modules hold; each object once."""

    def __init__(self, modules, opaque=OPAQUE):
        self.modules = modules  # those that can have made something
        self.opaque = opaque
        self.seen = {}  # id: object

    def parts_of(self, name, module):
        names = getattr(module, '__dict__', None)
        if type(names) is not dict:
            return
        for key, value in list(names.items()):
            if '%s.%s' % (name, key) in self.opaque:
                self.seen[id(value)] = value
        if id(module) not in self.seen:
            self.seen[id(module)] = module
            yield Part(name, module, (), self.modules)
        waiting = [(names, name, name)]
        while waiting:
            each, owner, label = waiting.pop()
            if id(each) in self.seen:
                continue
            held = held_by(each)
            if held is None:
                continue
            self.seen[id(each)] = each
            owner = owner_of(each, owner, self.modules)
            labels = labels_of(each, label)
            yield Part(owner, each, held, self.modules)
            waiting.extend([(child, owner, '') for child in self.open_children(each, held, labels)])

    def open_children(self, each, held, labels):
        names = names_of(each)
        if names is not None and labels:
            hidden = {id(value) for key, value in list(names.items())
                      if type(key) is str and any(label + '.' + key in self.opaque for label in labels)}
            held = [child for child in held if id(child) not in hidden]
        return [child for child in map(bound_object, held) if is_open(child)]


def bound_object(each):
    """That of a method in C, such as `append` of a list."""
    return each.__self__ if type(each) is BuiltinType else each


def is_open(each):
    """Whether to look into an object. Those of this package take the place of functions of the library."""
    kind = type(each)
    return kind not in PLAIN and not issubclass(kind, ModuleType) and not is_of_package(kind.__module__) and not (
        kind is MethodType and is_of_package(type(each.__self__).__module__))


def labels_of(each, label):
    """The name of a module, or those of a class or of the class of an object, with its bases."""
    if type(each) is dict:
        return (label,) if label else ()
    kind = each if is_class(each) else type(each)
    if kind is FunctionType:
        return ()
    return tuple('%s.%s' % (base.__module__, base.__name__) for base in type.__dict__['__mro__'].__get__(kind))


def is_class(each):
    return issubclass(type(each), type)


def names_of(each):
    """The dictionary of the names that an object has, or `None`."""
    kind = type(each)
    if kind is dict:
        return each
    if is_class(each):
        return gc.get_referents(type.__dict__['__dict__'].__get__(each))[0]
    if not kind.__dictoffset__ or kind is FunctionType or kind in WRAPPERS:
        return None
    try:
        names = object.__getattribute__(each, '__dict__')
    except AttributeError:
        return None
    return names if type(names) is dict else None


def held_by(each):
    """A tuple of all that an object holds, or `None`. The names of a module are a part of their own."""
    kind = type(each)
    if issubclass(kind, ModuleType):
        return ()
    if kind in PLAIN:
        return None
    if kind is FunctionType:
        return (each.__code__, each.__defaults__, each.__kwdefaults__, each.__dict__, each.__name__, each.__qualname__, each.__doc__,
                each.__module__, *(each.__closure__ or ()))
    if kind in WRAPPERS:
        return tuple([getattr(each, name) for name in WRAPPERS[kind]])
    if kind is CellType or kind is ProxyType:
        return tuple(gc.get_referents(each))
    if issubclass(kind, type):
        if not each.__flags__ & HEAP_TYPE:
            return None
        return (type.__dict__['__qualname__'].__get__(each), *type.__dict__['__bases__'].__get__(each), *pairs_of(names_of(each)))
    held = slots_of(each, kind) + hidden_content(each, kind)
    names = names_of(each)
    if names is not None:
        held += pairs_of(names) if kind is dict else (id(kind), *pairs_of(names))  # `__class__` can be set
    if issubclass(kind, dict):
        held += pairs_of(each) if kind is not dict else ()
        held += (DEFAULT.__get__(each),) if issubclass(kind, defaultdict) else ()
    elif issubclass(kind, SEQUENCES):
        held += tuple((list if issubclass(kind, list) else tuple).__iter__(each))
    elif issubclass(kind, SETS):
        held += tuple((set if issubclass(kind, set) else frozenset).__iter__(each))
    elif issubclass(kind, deque):
        held += tuple(deque.__iter__(each))
    elif issubclass(kind, LOCAL):
        held += pairs_of(LOCAL.__getattribute__(each, '__dict__'))
    elif is_opaque(each, kind):
        held += tuple(gc.get_referents(each))
    elif names is None and not held and is_unchanging(native_class_of(kind)):
        return None
    return held


def slots_of(each, kind):
    """The values in `__slots__`."""
    if not kind.__flags__ & HEAP_TYPE:
        return ()
    found = []
    for owner in type.__dict__['__mro__'].__get__(kind):
        if owner.__flags__ & HEAP_TYPE:
            for value in names_of(owner).values():
                if type(value) is MemberType:
                    try:
                        found.append(value.__get__(each))
                    except AttributeError:
                        found.append(None)
    return tuple(found)


def pairs_of(names):
    return tuple([part for pair in list(dict.items(names)) if not (type(pair[0]) is str and pair[0] in INDIFFERENT)
                  for part in pair])


def owner_of(each, owner, modules):
    """A class or a function belongs to the module that has made it."""
    if type(each) is FunctionType or is_class(each):
        name = each.__dict__.get('__module__') if is_class(each) else each.__module__
        return name if type(name) is str and name in modules else owner
    return owner


def is_of_package(name):
    return type(name) is str and name.partition('.')[0] == __name__.partition('.')[0]
