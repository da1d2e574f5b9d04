"""What objects in C hold that is no object: where an iterator is, what was written into a buffer, the order of a table."""
import _io
import _thread
import gc
import itertools
import sys
from _collections import OrderedDict
from _functools import _lru_cache_wrapper as CachedFunction

HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: its attributes can be set
WORD = 8
DEALLOCATOR = 6 * WORD  # `tp_dealloc` of Include/cpython/object.h
# Those of `itertools` change when they are asked where they are.
ITERATORS = frozenset(map(type, (
    iter([]), iter(()), iter(''), iter(b''), iter(bytearray()), iter(range(0)), iter(range(1 << 80)), reversed([]), reversed(()),
    enumerate(()))))
MemberType = type(type(lambda: 0).__closure__)
GENERATOR = type(each for each in ())
LOCKS = (_thread.LockType, _thread.RLock)
FunctionType = type(lambda: None)
LIBRARY = sys.modules['encodings'].__file__.rpartition('/')[0].rpartition('/')[0] + '/'
LONG_ENOUGH = 32
BUFFERS = (_io.StringIO, _io.BytesIO)
HASHES = frozenset(('_hashlib', '_md5', '_sha1', '_sha2', '_sha256', '_sha512', '_sha3', '_blake2'))
TLS = ('verify_mode', 'verify_flags', 'options', 'check_hostname', 'minimum_version', 'maximum_version', 'sni_callback')
# Classes in C whose objects hold nothing but what parts.py looks at.
LOOKED_AT = frozenset((
    object, type, dict, list, set, OrderedDict, type(sys), type(lambda: 0), type((lambda each: lambda: each)(0).__closure__[0]),
    _thread._local, *LOCKS, *BUFFERS, *ITERATORS, GENERATOR, itertools.count))
# Those whose objects never change, but for what C code keeps to be faster.
UNCHANGING = frozenset((
    'builtins.bool', 'builtins.bytes', 'builtins.classmethod', 'builtins.classmethod_descriptor', 'builtins.complex',
    'builtins.ellipsis', 'builtins.float', 'builtins.NoneType', 'functools._lru_list_elem', 'builtins.frozenset', 'builtins.getset_descriptor', 'builtins.int',
    'builtins.mappingproxy', 'builtins.member_descriptor', 'builtins.method', 'builtins.method-wrapper',
    'builtins.method_descriptor', 'builtins.NotImplementedType', 'builtins.property', 'builtins.PyCapsule', 'builtins.range',
    'builtins.slice', 'builtins.staticmethod', 'builtins.str', 'builtins.traceback', 'builtins.tuple', 'builtins.weakref',
    'builtins.wrapper_descriptor', 'collections._tuplegetter', 'functools._lru_cache_wrapper', 'decimal.Decimal',
    'types.GenericAlias', 'types.UnionType', '_json.Scanner', '_json.Encoder', '_csv.Dialect', '_contextvars.Token',
    '_random.Random'))  # a module that asks one of these on import is not shared
UNCHANGING_MODULES = frozenset(('re', '_sre', 'operator', '_operator', 'datetime', '_struct', 'typing', '_typing', 'weakref', 'zoneinfo'))
CONTEXT_VARIABLES = frozenset(('_contextvars', 'contextvars'))  # interpreter_state.py compares their values
native_classes = {}


def create_reader():
    """A function that reads one word of memory, or `None`."""
    try:
        import _ctypes
        pointer = type('Pointer', (_ctypes._SimpleCData,), {'_type_': 'P'})
        return lambda address: pointer.from_address(address).value
    except (ImportError, AttributeError, TypeError):
        return None


class Sample:
    pass


read_word = create_reader()
DEALLOCATOR_OF_PYTHON = read_word and read_word(id(Sample) + DEALLOCATOR)


def native_class_of(kind):
    """The class in C that decides what an object of a class holds besides its names."""
    found = native_classes.get(kind)
    if found is None:
        mro = type.__dict__['__mro__'].__get__(kind) or (kind,)  # `None`: a class in C that nothing has used yet (3.9)
        found = native_classes[kind] = next((each for each in mro if not is_in_python(each)), object)
    return found


def is_in_python(kind):
    if not kind.__flags__ & HEAP_TYPE or kind.__basicsize__ > most_fields(kind):
        return False
    return read_word is None or read_word(id(kind) + DEALLOCATOR) == DEALLOCATOR_OF_PYTHON


def most_fields(kind):
    """The size of an object of a class in Python: it adds its `__slots__`, a dictionary and weak references."""
    slots = [each for each in type.__dict__['__dict__'].__get__(kind).values() if type(each) is MemberType]
    return type.__dict__['__base__'].__get__(kind).__basicsize__ + WORD * (len(slots) + 2)


def is_unchanging(native):
    return native.__module__ in UNCHANGING_MODULES or '%s.%s' % (native.__module__, native.__name__) in UNCHANGING


def is_opaque(each, kind):
    """Whether an object holds what only the memory of it can show."""
    native = native_class_of(kind)
    return not (native in LOOKED_AT or is_unchanging(native) or is_asked(each, kind) or native.__module__ in CONTEXT_VARIABLES
                or native.__module__ in ('decimal', 'collections') or is_standard_stream(each))


def is_asked(each, kind):
    """Whether only `hidden_content()` tells what an object holds: it is in other memory than the object's."""
    native = native_class_of(kind)
    if native is CachedFunction:
        return not is_of_library(each)
    return native is GENERATOR or native in BUFFERS or is_buffer(native) or native is _thread._local or is_hash(native) or (
        is_element(native) or is_tls(native))


def is_buffer(native):
    return native in (bytearray, memoryview) or native.__module__ in ('array', '_ctypes')


def is_hash(native):
    return native.__module__ in HASHES and hasattr(native, 'hexdigest')


def is_element(native):
    return native.__module__ == 'xml.etree.ElementTree' and native.__name__ == 'Element'


def is_tls(native):
    return native.__module__ == '_ssl' and native.__name__ == '_SSLContext'


def is_standard_stream(each):
    """Or a part of one: output changes it."""
    for name in ('__stdin__', '__stdout__', '__stderr__'):
        stream = sys.__dict__.get(name)
        buffer = getattr(stream, 'buffer', None) if type(stream) is _io.TextIOWrapper and stream is not each else None
        if each is stream or each is buffer or each is getattr(buffer, 'raw', None):
            return each is not None
    return False


def hidden_content(each, kind):
    """A tuple of plain values and objects, without a call of code in Python."""
    native = native_class_of(kind)
    if native in ITERATORS:
        return place_of(each)
    if native is GENERATOR:
        frame = each.gi_frame
        return () if frame is None else (frame.f_lasti, *dict(frame.f_locals).values())
    if native in BUFFERS:
        return (None,) if native.closed.__get__(each) else (native.getvalue(each), native.tell(each))
    if native is OrderedDict:
        return tuple(OrderedDict.keys(each))
    if native is itertools.count:
        return (repr(each),)
    if is_buffer(native):
        return buffer_content(each)
    if is_hash(native):
        return (each.hexdigest() if each.digest_size else each.hexdigest(LONG_ENOUGH),)  # SHAKE has no size
    if native is CachedFunction:
        return () if is_of_library(each) else cached_values(each)
    if native in LOCKS:
        return (repr(each).startswith('<locked'),)
    if native.__module__ == 'decimal' and native.__name__ == 'Context':
        return (native.__repr__(each),)
    if is_element(native):
        return (each.tag, each.text, each.tail, *each, *[part for pair in each.items() for part in pair])
    if is_tls(native):
        return tuple([getattr(native, name).__get__(each) for name in TLS if hasattr(native, name)])
    return ()


def is_of_library(cached):
    """Whether a function of the library itself is behind a cache: what is in it makes no difference."""
    function = CachedFunction.__dict__['__dict__'].__get__(cached).get('__wrapped__')
    path = function.__code__.co_filename if type(function) is FunctionType else ''
    return path.startswith('<frozen ') or path.startswith(LIBRARY) and '-packages/' not in path[len(LIBRARY):]


def cached_values(cached):
    """Those results that can change: a module may keep one, or change it."""
    held = gc.get_referents(cached)
    values = [*held, *[value for each in held if type(each) is dict for value in each.values()]]
    return tuple([each for each in values if not is_unchanging(native_class_of(type(each)))])


def buffer_content(each):
    try:
        return (memoryview(each).tobytes(),)
    except (ValueError, TypeError, BufferError):  # it is released
        return (None,)


def place_of(each):
    _, arguments, *state = each.__reduce__()
    return tuple([repr(part) for part in (*arguments, *state) if type(part) in (int, range)])  # what remains, since 3.12
