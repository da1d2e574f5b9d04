"""The plain values that a module has: two imports of it are compared by them."""
import marshal
import sys

from .recorded_functions import RecordedFunction

FunctionType = type(lambda: None)
ModuleType = type(sys)
NAMES_OF_CLASS = type.__dict__['__dict__'].__get__
DEEPEST = 3  # such as a class, a table, a list
INDIFFERENT = frozenset(('__builtins__', '__spec__', '__loader__', '__cached__', '__warningregistry__', '__doc__'))
# What effects.py sets anew in each process.
REFRESHED = frozenset((
    'logging._startTime', 'platform._uname_cache', 'threading._main_thread', 'threading._active', 'wsgiref.handlers.BaseHandler'))
# Modules whose objects have names that are random (see recorders.py).
RANDOM_NAMES = ('asgiref.local',)


def plain_values(name, module):
    """{name: hash}: both imports have the same hash seed."""
    names = getattr(module, '__dict__', None)
    if type(names) is not dict:
        return {}
    return {key: hash(content_of(plain_value(value, name, 0))) for key, value in list(names.items())
            if type(key) is str and key not in INDIFFERENT and '%s.%s' % (name, key) not in REFRESHED}


def content_of(value):
    """In the first format, which does not tell how often a text is referred to."""
    return marshal.dumps(value, 0)


def plain_value(value, module, depth):
    """A value of the types that `marshal` knows."""
    kind = type(value)  # isinstance() asks `__class__`, which may be code of the module
    if kind is RecordedFunction:  # the twin has the function itself
        value, kind = value.function, type(value.function)
    if value is None or kind is bool:
        return value
    for exact, copy in EXACT:
        if issubclass(kind, exact):
            return copy(value)
    if depth == DEEPEST or issubclass(kind, (FunctionType, ModuleType)) or kind.__module__ in RANDOM_NAMES:
        return kind.__name__
    if issubclass(kind, dict):
        return [(plain_value(key, module, depth + 1), plain_value(each, module, depth + 1)) for key, each in list(dict.items(value))]
    if issubclass(kind, (list, tuple)):
        return [plain_value(each, module, depth + 1) for each in list((list if issubclass(kind, list) else tuple).__iter__(value))]
    if issubclass(kind, (set, frozenset)):
        return sorted(content_of(plain_value(each, module, depth + 1)) for each in (set if issubclass(kind, set) else frozenset).__iter__(value))
    if issubclass(kind, type):
        is_own = NAMES_OF_CLASS(value).get('__module__') == module
        return kind.__name__, plain_value(dict(NAMES_OF_CLASS(value)), module, depth + 1) if is_own else None
    if kind.__dictoffset__:
        return kind.__name__, plain_value(own_names(value), module, depth + 1)
    if kind.__flags__ & 1 << 9:  # Py_TPFLAGS_HEAPTYPE: its repr() may be code of the module
        return kind.__name__
    text = repr(value)
    return kind.__name__ if ' at 0x' in text else text


def own_names(value):
    try:
        names = object.__getattribute__(value, '__dict__')
    except AttributeError:
        return None
    return names if type(names) is dict else None


EXACT = ((int, lambda value: int.__add__(value, 0)), (float, lambda value: float.__add__(value, 0.0)),
         (complex, lambda value: complex.__add__(value, 0)), (str, lambda value: str.__getitem__(value, slice(None))),
         (bytes, lambda value: bytes.__getitem__(value, slice(None))), (bytearray, bytes))
