"""Tells which modules a module looks for in `sys.modules`: what is there depends on the script."""
import sys

getframe = sys._getframe  # the trial records other calls of it
ALL = None


class RecordedModules(dict):
    """Takes the place of `sys.modules`. All is in `modules`, the dictionary that C uses.

    `look(frame, name)` is called for what is read, with `ALL` for more than one name, and `change(frame, name)` for an entry
    that is removed or replaced.
    """

    def __init__(self, modules, look, change):
        super().__init__()
        self.modules = modules
        self.look = look
        self.change = change


def reading_name(method):
    def read(self, name, *default):
        self.look(getframe(1), name)
        return method(self.modules, name, *default)
    return read


def reading_all(method):
    def read(self, *others):
        self.look(getframe(1), ALL)
        return method(self.modules, *others)
    return read


def writing(method):
    def write(self, *arguments, **keywords):
        was = dict(self.modules)
        try:
            return method(self.modules, *arguments, **keywords)
        finally:
            for name, module in was.items():
                if self.modules.get(name) is not module:
                    self.change(getframe(1), name)
    return write


for names, wrap in (
        (('__getitem__', '__contains__', 'get', 'setdefault'), reading_name),
        (('__iter__', '__len__', '__reversed__', '__eq__', '__ne__', '__repr__', '__or__', '__ror__', 'keys', 'values', 'items',
          'copy'), reading_all),
        (('__setitem__', '__delitem__', '__ior__', 'update', 'clear', 'pop', 'popitem'), writing)):
    for each in names:
        setattr(RecordedModules, each, wrap(getattr(dict, each)))
