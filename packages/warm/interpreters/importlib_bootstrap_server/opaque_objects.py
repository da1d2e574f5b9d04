"""What objects in C hold that is no object: where an iterator is, what was written into a buffer, the order of a table."""
import _io
import _thread
from _collections import OrderedDict

# Those of `itertools` change when they are asked where they are.
ITERATORS = frozenset(map(type, (
    iter([]), iter(()), iter(''), iter(b''), iter(bytearray()), iter(range(0)), iter(range(1 << 80)), reversed([]), reversed(()),
    enumerate(()))))
GENERATOR = type(each for each in ())
LOCKS = (_thread.LockType, _thread.RLock)
LONG_ENOUGH = 32
BUFFERS = (_io.StringIO, _io.BytesIO)
HASHES = frozenset(('_hashlib', '_md5', '_sha1', '_sha2', '_sha256', '_sha512', '_sha3', '_blake2'))


def hidden_content(each, kind):
    """A tuple of plain values, without a call of code in Python."""
    if kind in ITERATORS:
        return place_of(each)
    if kind is GENERATOR:
        return (None if each.gi_frame is None else each.gi_frame.f_lasti,)
    if issubclass(kind, BUFFERS):
        base = next(base for base in BUFFERS if issubclass(kind, base))
        return (None if base.closed.__get__(each) else base.getvalue(each),)
    if issubclass(kind, OrderedDict):
        return tuple(OrderedDict.keys(each))
    if kind.__module__ in HASHES and hasattr(kind, 'hexdigest'):
        return (each.hexdigest() if each.digest_size else each.hexdigest(LONG_ENOUGH),)  # SHAKE has no size
    if kind in LOCKS:
        return (repr(each).startswith('<locked'),)
    if kind.__module__ == 'decimal' and kind.__name__ == 'Context':
        return (repr(each),)
    if kind.__module__ == 'xml.etree.ElementTree' and kind.__name__ == 'Element':
        return (each.tag, each.text, each.tail, *each, *[part for pair in each.items() for part in pair])
    return ()


def place_of(each):
    _, arguments, *state = each.__reduce__()
    return tuple([repr(part) for part in (*arguments, *state) if type(part) in (int, range)])  # what remains, since 3.12
