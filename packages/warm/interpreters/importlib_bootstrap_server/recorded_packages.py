"""Tells which submodules a module takes from a package: one that it has not imported by itself is there only if others have."""
import sys

from _frozen_importlib_external import PathFinder

getframe = sys._getframe  # the trial records other calls of it
ModuleType = type(sys)
NAMES = '__dict__'


def recorded_package(look):
    """A class for packages. `look(frame, package, name)` is called for a submodule, there or not, and for all names."""
    def get(self, name):
        try:
            found = ModuleType.__getattribute__(self, name)
        except AttributeError:
            names = ModuleType.__getattribute__(self, NAMES)
            if not name.startswith('__') and PathFinder.find_spec(submodule_of(names, name), names.get('__path__')) is not None:
                look(getframe(1), names, name)
            raise
        if name == NAMES:
            look(getframe(1), found, name)
        elif issubclass(type(found), ModuleType):
            names = ModuleType.__getattribute__(self, NAMES)
            spec = ModuleType.__getattribute__(found, NAMES).get('__spec__')
            if getattr(spec, 'name', None) == submodule_of(names, name):
                look(getframe(1), names, name)
        return found
    return type('module', (ModuleType,), {'__getattribute__': get})


def submodule_of(names, name):
    return '%s.%s' % (names.get('__name__'), name)


def is_package(module):
    return type(module) is ModuleType and '__path__' in module.__dict__
