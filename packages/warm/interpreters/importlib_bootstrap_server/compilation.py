"""Compiles without a trace: Python warns while it compiles, by the filters of the module `warnings`."""
import sys

import _warnings


def compile_silently(source, path, flags=0):
    """Returns the code, and the warnings: a plain run compiles, and so warns, in each request."""
    recorded = []
    plain_warnings = sys.modules.get('warnings')
    sys.modules['warnings'] = substitute([('always', None, Warning, None, 0)], recorded.append)
    try:
        return compile(source, path, 'exec', flags, dont_inherit=True), recorded
    finally:
        restore_filters()
        if plain_warnings is None:
            del sys.modules['warnings']
        else:
            sys.modules['warnings'] = plain_warnings


def restore_filters():
    """`get_filter()` of Python/_warnings.c keeps the filters that it was given last, also when the module is gone."""
    plain_warnings = sys.modules.get('warnings')
    sys.modules['warnings'] = substitute(_warnings.filters, lambda message: None)
    try:
        _warnings.warn_explicit('', UserWarning, __file__, 1)
    except UserWarning:
        pass  # warnings are errors
    finally:
        if plain_warnings is None:
            del sys.modules['warnings']
        else:
            sys.modules['warnings'] = plain_warnings


def substitute(filters, show):
    """What Python/_warnings.c asks of the module `warnings`."""
    module = type(sys)('warnings')
    module.filters = filters
    module._defaultaction = module.defaultaction = _warnings._defaultaction
    module._onceregistry = module.onceregistry = _warnings._onceregistry
    module.WarningMessage = lambda message, category, filename, line, *_: (message, category, filename, line)
    module._showwarnmsg = show
    return module
