"""Tells what a module does with the standard streams on import: it may keep one, and look at the settings of output."""


class RecordedOutput:
    """Takes the place of standard output or error."""

    def __init__(self, record, stream):
        self.record = record
        self.stream = stream

    def write(self, text):
        self.record('prints')
        return len(text)

    def flush(self):
        pass

    def __getattr__(self, name):
        if name in ('reconfigure', 'detach', 'close'):
            self.record('changes a standard stream')
        return getattr(self.stream, name)


class RecordedInput:
    """Takes the place of standard input."""

    def __init__(self, record, stream):
        self.__dict__.update(record=record, stream=stream)

    def __getattr__(self, name):
        self.__dict__['record']('reads standard input')
        return getattr(self.__dict__['stream'], name)

    def __iter__(self):
        return self

    def __next__(self):
        return self.__getattr__('__next__')()
