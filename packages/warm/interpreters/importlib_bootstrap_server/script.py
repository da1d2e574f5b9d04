"""The script: compiled once, run in each child."""
import sys

import _warnings

from .compilation import compile_silently
from .descriptors import read_file
from .reasons import PlainStart


class Script:
    """A file, its code, and the module `__main__` in which it runs."""

    def __init__(self, path, main_globals):
        self.path = path
        self.source = read_source(path)
        self.code, self.warnings = compile_script(self.source, path)
        self.main_globals = main_globals
        self.main = None
        self.error = None
        self.renew_main()

    def renew_main(self):
        """Makes a new `__main__`. The one of a child must not be among the frozen objects: it is collected at the end."""
        self.main = sys.modules['__main__'] = create_main_module(self.path, self.main_globals)

    def run(self):
        """Runs it as `pymain_run_file()` of Modules/main.c does. What it throws is kept in `error`."""
        for message, category, filename, line in self.warnings:
            _warnings.warn_explicit(message, category, filename, line)
        try:
            exec(self.code, self.main.__dict__)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # without this frame
            self.error = error
        if sys.gettrace() is not None or sys.getprofile() is not None:
            sys.settrace(None)  # it would see the end, which is code in Python here
            sys.setprofile(None)


def read_source(path):
    try:
        content = read_file(path)
    except OSError as error:
        raise PlainStart('it cannot be read: ' + error.strerror)
    if b'\0' in content:
        raise PlainStart('it is not the text of a script')
    return content


def compile_script(source, path):
    try:
        code, warnings = compile_silently(source, path)
    except (SyntaxError, ValueError):
        raise PlainStart('it does not compile')
    filters = getattr(sys.modules.get('warnings'), 'filters', _warnings.filters)
    if warnings and any(each[0] == 'error' for each in filters):
        raise PlainStart('it warns while it is compiled, and warnings are errors')
    return code, warnings


def create_main_module(path, main_globals):
    """A `__main__` with the names that this version of Python gives it, in their order."""
    module = type(sys)('__main__')
    names = module.__dict__
    names.clear()
    names.update(main_globals)
    names['__doc__'] = None
    names['__file__'] = path
    names['__loader__'] = type(names['__loader__'])('__main__', path)
    if '__annotations__' in names:
        names['__annotations__'] = {}
    return module
