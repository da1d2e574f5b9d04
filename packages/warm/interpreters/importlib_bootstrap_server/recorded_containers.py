"""Tells what a module reads or changes of `sys.argv` and of the environment on import."""


def recording(base, name, text):
    """A method that records that it is called."""
    method = getattr(base, name)

    def record(self, *arguments, **keywords):
        self.record(text)
        return method(self, *arguments, **keywords)
    return record


class RecordedArguments(list):
    """`sys.argv`: arguments of the query may be in it."""


for each in ('__getitem__', '__iter__', '__len__', '__contains__', '__eq__', '__ne__', '__lt__', '__gt__', '__repr__', '__add__',
             '__mul__', '__reversed__', '__reduce_ex__', 'copy', 'count', 'index', 'pop'):
    setattr(RecordedArguments, each, recording(list, each, 'reads sys.argv'))
for each in ('__setitem__', '__delitem__', '__iadd__', 'append', 'extend', 'insert', 'remove', 'clear', 'reverse', 'sort'):
    setattr(RecordedArguments, each, recording(list, each, 'changes sys.argv'))


class RecordedEnvironment(dict):
    """The dictionary behind `os.environ`. `read(name)` is called for each variable, `record(text)` for all of them."""

    def __getitem__(self, name):
        self.read(name)
        return dict.__getitem__(self, name)

    def __contains__(self, name):
        self.read(name)
        return dict.__contains__(self, name)

    def get(self, name, default=None):
        self.read(name)
        return dict.get(self, name, default)


for each in ('__iter__', '__len__', '__eq__', '__ne__', '__repr__', '__reversed__', '__or__', '__reduce_ex__', 'items', 'keys',
             'values', 'copy'):
    setattr(RecordedEnvironment, each, recording(dict, each, 'reads the whole environment'))
for each in ('__setitem__', '__delitem__', '__ior__', 'setdefault', 'update', 'pop', 'popitem', 'clear'):
    setattr(RecordedEnvironment, each, recording(dict, each, 'changes the environment'))
