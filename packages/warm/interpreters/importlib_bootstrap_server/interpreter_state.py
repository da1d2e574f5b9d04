"""What a module can read of the interpreter on import, and a script can have set before."""
import posix
import sys

import _abc
import _contextvars
import _io
import _locale
import _operator

from .codec_registry import CodecRegistry

# A script may replace these; Python 3.9 got the last one with a bug fix.
getrecursionlimit = sys.getrecursionlimit
get_int_max_str_digits = getattr(sys, 'get_int_max_str_digits', int)
# Modules that read `argv` are not shared; C code sets the others while it works.
UNWATCHED = frozenset(('argv', '__warningregistry__', 'last_exc', 'last_type', 'last_value', 'last_traceback'))
STREAMS = ('stdin', 'stdout', 'stderr')
LISTS = ('path', 'orig_argv', 'warnoptions')
THREAD_NAMES = ('main_thread', 'current_thread', 'currentThread', '_main_thread')
WHOLE = '__dict__'  # of `sys`: all of its names are read
HANDLED = '__context__'  # the exception that the importer handles: hidden_modules.py compares it
CLASSES = 'registered classes'  # by `ABCMeta.register()`
CONTEXT = 'context variables'  # that of decimal has its precision
LOCALE = 'locale'  # of strftime(3), and of the format code `n`
DIGITS = 'most digits'  # of a number that is made of text
CODECS = 'codecs'
DEPTH = 'greatest depth'  # of calls: a lower one makes an import fail
ZONE = 'time zone'  # C code reads `TZ` by itself
FIELD_SIZE = 'longest field'  # of the module csv
IN_C = frozenset((LOCALE, DIGITS, CODECS, DEPTH, ZONE))  # what C code reads, which no trial sees
# What only modules that import one of these can read.
READ_BY = {FIELD_SIZE: frozenset(('_csv',))}
INITIAL_DEPTH, INITIAL_FIELD_SIZE = getrecursionlimit(), 131072
# Without one of these, a module has nothing that depends on the context.
CONTEXT_MODULES = frozenset(('_contextvars', 'contextvars', '_decimal', 'decimal', '_pydecimal'))
MISSING = object()
codec_registry = CodecRegistry()


class InterpreterState:
    """The names of `sys`, as they were when they were remembered, and what they give, where a script can change that."""

    def __init__(self):
        self.names = {}
        self.values = ()
        self.contents = {}
        self.has_context = False  # whether each module can use context variables

    def remember(self):
        self.names = dict(sys.__dict__)
        self.values = tuple(self.names.values())
        codec_registry.find()
        self.contents = contents()
        self.has_context = not CONTEXT_MODULES.isdisjoint(sys.modules)

    def begin(self):
        """The environment is that of a request now."""
        self.contents[ZONE] = posix.environ.get(b'TZ')

    def is_same(self, modules):
        """Whether these modules would read the same on import."""
        changed = self.changed_names()
        if not changed:
            return True
        if not all(name in self.names or name in self.contents for name in changed):
            return False  # no trial has looked for a new name
        if not IN_C.isdisjoint(changed):
            return False
        if CONTEXT in changed and (self.has_context or any(each.name in CONTEXT_MODULES for each in modules)):
            return False  # C code reads it, which no trial sees
        if any(each.name in READ_BY.get(name, ()) for name in changed for each in modules):
            return False
        if any(name in self.names for name in changed):
            changed.append(WHOLE)
        return all(each.reads.isdisjoint(changed) for each in modules)

    def changed_names(self):
        """Those by which something else is read now."""
        was, now, changed = self.names, sys.__dict__, []
        if len(now) != len(self.values) or not all(map(_operator.is_, now.values(), self.values)):
            changed += [each for each in {**was, **now} if was.get(each, MISSING) is not now.get(each, MISSING)]
        found = contents()
        if found != self.contents:
            changed += [each for each in found if found[each] != self.contents[each]]
        return [each for each in changed if each not in UNWATCHED]


def names_of_state():
    """All names by which the state is read."""
    return frozenset(sys.__dict__).union(contents()) - UNWATCHED


def contents():
    """{name by which it is read: what it gives}: nothing here runs code of the script."""
    found = dict.fromkeys(THREAD_NAMES, name_of_main_thread())
    found.update((name, stream_content(number, sys.__dict__.get(name))) for number, name in enumerate(STREAMS))
    found.update((name, list_content(sys.__dict__.get(name))) for name in LISTS)
    found[CONTEXT] = context_variables()
    found[CLASSES] = _abc.get_cache_token()
    found['getrecursionlimit'] = getrecursionlimit()
    found[LOCALE] = _locale.setlocale(_locale.LC_ALL)
    found[DIGITS] = get_int_max_str_digits()
    found[CODECS] = codec_registry.content()
    found[DEPTH] = min(getrecursionlimit(), INITIAL_DEPTH)
    found[ZONE] = posix.environ.get(b'TZ')
    found[FIELD_SIZE] = field_size_limit()
    return found


def field_size_limit():
    function = getattr(sys.modules.get('_csv'), 'field_size_limit', None)
    return function() if type(function) is type(len) else INITIAL_FIELD_SIZE


def context_variables():
    """Arithmetic of `decimal` makes or changes a Context, which tells its precision and its flags by its text."""
    return [(id(variable), id(value), str(value) if type(value).__module__ == 'decimal' else '')
            for variable, value in _contextvars.copy_context().items()]


def stream_content(number, stream):
    if type(stream) is not _io.TextIOWrapper:
        return None
    try:
        settings = stream.encoding, stream.errors, stream.line_buffering, stream.write_through, stream.closed
    except ValueError:  # it is detached
        return None
    return (*settings, posix.isatty(number))


def list_content(each):
    """Of text alone: another object could have a comparison of its own."""
    return [name if type(name) in (str, bytes) else id(name) for name in list.__iter__(each)] if type(each) is list else None


def name_of_main_thread():
    threading = sys.modules.get('threading')
    thread = threading.__dict__.get('_main_thread') if type(threading) is type(sys) else None
    name = getattr(thread, '_name', None) if type(thread).__module__ == 'threading' else None
    return name if type(name) is str else 'MainThread'
