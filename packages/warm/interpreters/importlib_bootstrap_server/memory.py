"""Compares objects without a touch of them: a reference counted up would copy a page that is shared with the fork server.

What an object holds is copied as bytes into a buffer by process_vm_writev(2) of this process, which fails for memory that
is gone. (process_vm_readv(2) would copy each page that is shared with the fork server: the kernel pins what it reads by
that, but not what it writes from.) Where
CPython keeps what is found out by an object of each kind, and `can_see()` tells whether that was right.
"""
import posix
import sys

from _collections import OrderedDict, defaultdict, deque
from _thread import allocate_lock
from itertools import count

from .memory_table import MemoryTable
from .opaque_objects import HEAP_TYPE, is_unchanging, native_class_of
from .parts import CellType, FunctionType, ModuleType, is_class, names_of

WORD = 8
KEYS, VALUES = 4 * WORD, 5 * WORD  # `ma_keys` and `ma_values` of Include/cpython/dictobject.h
KEYS_HEADER = 3 * WORD  # counts, and what Python finds out while it uses the keys
DEFINITION = 3 * WORD  # `md_def` of Include/internal/pycore_moduleobject.h
SLOTS = 9 * WORD  # `m_slots` of `PyModuleDef` in Include/moduleobject.h
BEFORE = -3 * WORD  # `MANAGED_DICT_OFFSET` of Include/internal/pycore_object.h
QUEUE_BLOCK = 66 * WORD  # `block` of Modules/_collectionsmodule.c
CONTAINERS = (dict, list, set, deque)  # of which more than their fields is read
LONGEST_READ, MOST_RANGES = 1 << 14, 512


class Memory:
    RANGE = 2 * WORD

    def __init__(self):
        import _ctypes
        library = _ctypes.dlopen(None, 0)
        self.call = _ctypes.call_function
        self.writev, self.memcmp, self.memcpy = [
            _ctypes.dlsym(library, name) for name in ('process_vm_writev', 'memcmp', 'memcpy')]
        self.pointer = type('Pointer', (_ctypes._SimpleCData,), {'_type_': 'P'})
        self.array, self.byte = _ctypes.Array, type('Byte', (_ctypes._SimpleCData,), {'_type_': 'B'})
        self.address_of = _ctypes.addressof
        self.buffer = self.create_array(LONGEST_READ)
        self.local = word(self.address_of(self.buffer)) + word(LONGEST_READ)
        self.function = self.function_fields()
        self.bases = self.place_of(Sample, Sample.__bases__)

    def create_array(self, size):
        return type('Array', (self.array,), {'_type_': self.byte, '_length_': size})()

    def pack(self, ranges):
        """An array of `struct iovec`."""
        return b''.join([word(address) + word(size) for address, size in ranges])

    def fetch(self, ranges, count, size):
        """Reads memory into the buffer. Returns whether it is there."""
        return self.call(self.writev, (posix.getpid(), ranges, count, self.local, 1, 0)) == size

    def content(self, size):
        """Of the buffer."""
        return bytes(memoryview(self.buffer)[:size])

    def is_equal(self, each, size):
        """Whether the buffer begins with this. `each` is bytes or a pointer, as for `copy`."""
        return self.call(self.memcmp, (self.buffer, each, size)) == 0

    def copy(self, target, source, size):
        self.call(self.memcpy, (target, source, size))

    def read(self, address, size):
        if not self.fetch(self.pack([(address, size)]), 1, size):
            raise OSError('memory cannot be read')
        return self.content(size)

    def read_word(self, address):
        return int.from_bytes(self.read(address, WORD), sys.byteorder)

    def place_of(self, each, value):
        """Where an object keeps another one."""
        words = [self.read_word(id(each) + at) for at in range(0, type(each).__sizeof__(each) // WORD * WORD, WORD)]
        return words.index(id(value)) * WORD

    def function_fields(self):
        def sample(first=Sample, *, second=Sample):
            return Sample
        sample.name = Sample
        places = [self.place_of(sample, each) for each in (
            sample.__code__, sample.__defaults__, sample.__kwdefaults__, sample.__dict__)]
        return min(places), max(places) + WORD - min(places)

    def ranges_of(self, each):
        """[(address, size)]: the memory in which an object keeps what it holds."""
        kind, at = type(each), id(each)
        if kind is FunctionType:
            return [(at + self.function[0], self.function[1])]
        if kind is CellType:
            return [(at + 2 * WORD, WORD)]
        if is_class(each):
            return [*class_of(each, kind), (at + self.bases, WORD), *self.table_of(names_of(each))]
        if issubclass(kind, ModuleType):
            return class_of(each, kind)
        found = [*class_of(each, kind), *fields(each, kind)]
        names = None if kind is dict else names_of(each)
        if names is not None:
            found += [*self.table_of(names), *self.place_of_names(each, names)]
        if issubclass(kind, dict):
            found += self.table_of(each)
        elif issubclass(kind, list):
            found += [(at + 2 * WORD, 2 * WORD), (self.read_word(at + 3 * WORD), list.__len__(each) * WORD)]
        elif issubclass(kind, set):
            slots_of_table = self.read_word(at + 4 * WORD) + 1
            found += [(at + 2 * WORD, 4 * WORD), (self.read_word(at + 5 * WORD), slots_of_table * 2 * WORD)]
        elif issubclass(kind, deque):
            found += self.blocks_of_queue(at)
        return found

    def place_of_names(self, each, names):
        """Where an object keeps its dictionary: in it, or, from 3.11 on, before it."""
        place, at = type(each).__dictoffset__, id(each)
        if place == -WORD:  # at the end of a tuple or a number, which nothing here changes
            return []
        at += place if place > 0 else BEFORE
        return [(at, WORD)] if self.read_word(at) == id(names) else []

    def blocks_of_queue(self, at):
        """`dequeobject` of Modules/_collectionsmodule.c: its counts, and its blocks, a list from the left to the right."""
        found = [(at + 2 * WORD, 6 * WORD)]
        block, last = self.read_word(at + 3 * WORD), self.read_word(at + 4 * WORD)
        while True:
            found.append((block, QUEUE_BLOCK))
            if block == last:
                return found
            block = self.read_word(block + QUEUE_BLOCK - WORD)

    def table_of(self, names):
        at = id(names)
        if self.read_word(at + VALUES) != 0:  # its keys are those of other objects, too: it gets a table of its own
            names[Sample] = None
            del names[Sample]
        keys, size = self.read_word(at + KEYS), dict.__sizeof__(names) - type(names).__basicsize__
        found = [(at + 2 * WORD, WORD), (at + KEYS, 2 * WORD)]
        if size > KEYS_HEADER:
            found.append((keys + KEYS_HEADER, size - KEYS_HEADER))
        return found

    def is_single_phase(self, module):
        """Whether a module in C is of the kind that Python initialises once in a process (PEP 489)."""
        definition = self.read_word(id(module) + DEFINITION)
        return definition == 0 or self.read_word(definition + SLOTS) == 0

    def can_see(self):
        """Whether a change of each kind of object is seen."""
        return all(self.sees(*each) for each in sample_changes())

    def sees(self, each, change):
        table = MemoryTable(self, [self.ranges_of(each)])
        entry = table.entries[0]
        if not table.keep(entry) or not table.is_same(entry):
            return False
        change()
        return not table.is_same(entry)


class Sample:
    pass


class SlottedSample:
    __slots__ = ('first',)


def word(value):
    return value.to_bytes(WORD, sys.byteorder)


def fields(each, kind):
    """The fields of an object: those of its class in C, `__slots__`, and where it keeps its dictionary."""
    native = native_class_of(kind)
    begin = next((base.__basicsize__ for base in CONTAINERS if issubclass(native, base)), 2 * WORD)
    if is_unchanging(native):
        begin = native.__basicsize__
    return [(id(each) + begin, kind.__basicsize__ - begin)] if kind.__basicsize__ > begin else []


def class_of(each, kind):
    """The field in which an object keeps its class, if that can be set."""
    return [(id(each) + WORD, WORD)] if kind.__flags__ & HEAP_TYPE or issubclass(kind, ModuleType) else []


def sample_changes():
    module, queue, defaults = ModuleType('sample'), deque(range(200)), defaultdict(int)
    ordered, iterator, number, lock = OrderedDict(a=1, b=2), iter([1, 2]), count(), allocate_lock()
    own_list = type('List', (list,), {'__slots__': ('first',)})()
    registered = type('Registering', (type,), {})('Registered', (), {})
    error = type('Error', (Exception,), {})()
    error.first = 1
    names, full, items, members, slotted, instance = {}, {'a': 1}, [1], {1}, SlottedSample(), Sample()
    large = dict.fromkeys(map(str, range(100)))
    instance.first = 1

    def function(first=1, *, second=2):
        return first, second

    def outer(each):
        def inner():
            return each

        def change():
            nonlocal each
            each = 2
        return inner.__closure__[0], change

    owner = type('Owner', (Sample,), {'first': 1})
    yield names, lambda: names.update(a=1)
    yield full, lambda: full.update(a=2)
    yield large, lambda: large.update({'57': 1})
    yield large, lambda: large.pop('99')
    yield items, lambda: items.__setitem__(0, 2)
    yield items, lambda: items.append(2)
    yield members, lambda: members.add(2)
    yield slotted, lambda: setattr(slotted, 'first', 1)
    yield instance, lambda: setattr(instance, 'first', 2)
    yield instance, lambda: setattr(instance, 'second', 2)
    yield owner, lambda: setattr(owner, 'first', 2)
    yield owner, lambda: setattr(owner, 'second', 2)
    yield owner, lambda: setattr(owner, '__bases__', (type('Other', (Sample,), {}),))
    yield function, lambda: setattr(function, '__defaults__', (2,))
    yield function, lambda: setattr(function, '__kwdefaults__', None)
    yield function, lambda: setattr(function, '__code__', (lambda: None).__code__)
    yield function, lambda: setattr(function, 'name', 1)
    yield outer(1)
    yield instance, lambda: setattr(instance, '__dict__', {})
    yield instance, lambda: setattr(instance, '__class__', owner)
    yield registered, lambda: setattr(registered, '__class__', type('Other', (type,), {}))
    yield error, lambda: setattr(error, '__dict__', {})
    yield module, lambda: setattr(module, '__class__', type('Module', (ModuleType,), {}))
    yield queue, lambda: queue.append(1)
    yield queue, lambda: queue.__setitem__(99, 2)
    yield defaults, lambda: setattr(defaults, 'default_factory', list)
    yield ordered, lambda: ordered.move_to_end('a')
    yield own_list, lambda: setattr(own_list, 'first', 1)
    yield iterator, lambda: next(iterator)
    yield number, lambda: next(number)
    yield lock, lambda: lock.acquire()
