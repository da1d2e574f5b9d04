"""Functions in C that tell when they are called, by whom ever: a profile function does not see a call by C, such as by `map()`."""
import sys

from .recorded_calls import CLOCKS, functions_of, meaning_of

BuiltinType = type(len)
getframe = sys._getframe  # the trial records other calls of it
modules = sys.modules  # the trial puts another mapping in its place


class RecordedFunction:
    # Takes the place of a function, and calls `before(frame, arguments)`. Like that, it does not become a method of a class.
    # The twin of the trial has the function itself, so that a module which can tell one from the other is found out.

    __slots__ = ('function', 'before', '__weakref__')
    __class__ = property(lambda self: BuiltinType)
    __doc__ = property(lambda self: self.function.__doc__)

    def __init__(self, function, before):
        self.function = function
        self.before = before

    def __call__(self, *arguments, **keywords):
        self.before(getframe(1), arguments)
        return self.function(*arguments, **keywords)

    def __getattr__(self, name):
        return getattr(self.function, name)

    def __eq__(self, other):
        return self.function == (other.function if type(other) is RecordedFunction else other)

    def __hash__(self):
        return hash(self.function)

    def __copy__(self):
        return self

    def __deepcopy__(self, _):
        return self

    def __repr__(self):
        return repr(self.function)


CALL = RecordedFunction.__call__.__code__


def record_functions(module, record):
    """Replaces functions of a module, wherever a module has them by a name. `record(frame, text)` is called for each call."""
    found = {id(function): RecordedFunction(function, recorder(module, name, record)) for name, function in functions_of(module).items()}
    for each in list(modules.values()):
        names = getattr(each, '__dict__', None)
        if type(names) is dict:
            for name, value in list(names.items()):
                if type(value) is BuiltinType and id(value) in found:
                    names[name] = found[id(value)]


def recorder(module, name, record):
    text, enough = meaning_of(module.__name__, name), CLOCKS.get(name) if module.__name__ == 'time' else None

    def before(frame, arguments):
        if enough is None or len(arguments) < enough:
            record(frame, text)
    return before
