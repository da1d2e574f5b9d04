"""`sys.stdin` over another file."""
import _io
import sys


def reopen_standard_input():
    """Makes `sys.stdin` anew over descriptor 0, as `create_stdio()` of Python/pylifecycle.c does.

    `sys.stdin` and its buffer stay the same objects: a module that was loaded before may hold one of them.
    """
    stream = sys.__stdin__
    if type(stream) is not _io.TextIOWrapper:
        return
    encoding, errors, write_through = stream.encoding, stream.errors, stream.write_through
    buffer = stream.buffer
    raw = _io.FileIO(0, 'rb', closefd=False)
    raw.name = '<stdin>'
    buffer.__init__(raw, buffer_size(raw._blksize))
    stream.__init__(buffer, encoding, errors, '\n', False, write_through)
    stream.mode = 'r'


def buffer_size(block_size):
    """As `open()` chooses it (`_io_open_impl()` of Modules/_io/_iomodule.c)."""
    if sys.version_info >= (3, 14):
        return max(min(block_size, 8 * 1024 * 1024), _io.DEFAULT_BUFFER_SIZE)
    return block_size if block_size > 1 else _io.DEFAULT_BUFFER_SIZE
