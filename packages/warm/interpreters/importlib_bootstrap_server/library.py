"""Which modules may be shared by requests: those of the library and of site-packages, and those that are named."""
import sys

from _frozen_importlib import BuiltinImporter, ModuleSpec
from _frozen_importlib_external import PathFinder

from .reasons import PlainStart

ModuleType = type(sys)
# Modules written in C, outside of the library, whose import does nothing but make functions and types.
KNOWN_EXTENSIONS = frozenset((
    'markupsafe._speedups', 'simplejson._speedups', '_yaml', 'yaml._yaml', '_cffi_backend',
    'zope.interface._zope_interface_coptimizations', 'msgpack._cmsgpack', 'ujson', 'regex._regex', 'wrapt._wrappers',
))


class Library:
    def __init__(self, own_folder, named, startup):
        encodings = sys.modules['encodings'].__file__
        self.standard = encodings.rpartition('/')[0].rpartition('/')[0] + '/'
        self.site_folders = [folder for folder in sys.path if folder.endswith('-packages')]
        self.folders = tuple([self.standard] + [folder + '/' for folder in self.site_folders])
        self.own_folder = own_folder.rstrip('/') + '/'
        self.named = named
        self.startup = frozenset(startup)  # names of the modules that each run has from its start

    def is_named(self, name):
        return any(name == each or name.startswith(each + '.') for each in self.named)

    def is_standard(self, origin):
        if origin in ('built-in', 'frozen'):
            return True
        return origin.startswith(self.standard) and '-packages/' not in origin[len(self.standard):]

    def check(self, names):
        """Throws `PlainStart` where the script would import other modules by the names of those that this package uses."""
        for name in names:
            spec = BuiltinImporter.find_spec(name) or PathFinder.find_spec(name)
            if not self.is_standard(getattr(spec, 'origin', None) or ''):
                raise PlainStart('another module has the name of the library\'s %s' % name)

    def refusal(self, name, origin):
        """Why a module is not shared, or `None`. `origin`: that of its specification."""
        if self.is_named(name):
            return None if origin is not None else 'it has no file'
        if origin is None:
            return 'it has no file'
        if self.is_standard(origin):
            return None
        if not self.is_installed(origin):
            return "it is the site's own"
        if is_extension(origin) and name not in KNOWN_EXTENSIONS:
            return 'it is written in C'
        return None

    def is_installed(self, origin):
        """Whether a file is in site-packages, which may be a virtual environment in the script's folder."""
        folders = [folder for folder in self.folders if origin.startswith(folder)]
        return any(not (self.own_folder.startswith(folder) and origin.startswith(self.own_folder)) for folder in folders)

    def needs_own_end(self, name, origin):
        """Whether Python must end by itself: a module in C may have something to do in exit(), such as to flush."""
        return origin is not None and is_extension(origin) and not self.is_standard(origin) and name not in KNOWN_EXTENSIONS


def is_extension(origin):
    return origin.endswith('.so')


def own_name(module, name):
    """The value of a module's own name, or `None`. No code of the module is run, such as its `__getattr__()`.

    A script may put any object into `sys.modules`.
    """
    names = ModuleType.__dict__['__dict__'].__get__(module) if issubclass(type(module), ModuleType) else None
    return names.get(name) if names is not None else None


def specification_of(module):
    spec = own_name(module, '__spec__')
    return spec if type(spec) is ModuleSpec else None


def origin_of(module):
    """The file of a module, by its specification."""
    spec = specification_of(module)
    return None if spec is None else spec.origin
