"""Modules that are loaded, and that a script gets when it imports them; until then it sees nothing of them."""
import posix
import sys

import _frozen_importlib
import _thread
import _warnings
from _frozen_importlib_external import FileFinder
from zipimport import zipimporter

from .extension_modules import ExtensionModules
from .hidden_module import MISSING, HandingOut, spec_of
from .import_lines import HEAD, NONE
from .interpreter_state import HANDLED, InterpreterState
from .library_state import LibraryState

# A script may replace these.
getframe, getprofile, gettrace, exc_info = sys._getframe, sys.getprofile, sys.gettrace, sys.exc_info
BuiltinImporter = _frozen_importlib.BuiltinImporter
FINDERS = (type(None), FileFinder, zipimporter)
IMPORTING = _frozen_importlib._find_and_load_unlocked.__code__
INTERPRETERS = ('_xxsubinterpreters', '_interpreters', 'concurrent.interpreters')  # until 3.12, from 3.13 and from 3.14 on
IMPORT_SYSTEM = ('<frozen importlib._bootstrap>', '<frozen importlib._bootstrap_external>')
OWN_NAMES = globals()


class HiddenModules:
    """Takes the place of `BuiltinImporter.find_spec()`, the first finder, so that `sys.meta_path` is as in a plain run."""

    def __init__(self):
        self.modules = {}
        self.begun = {}  # names of modules that the import system has looked for, in their order
        self.aliases = {}  # key of `sys.modules`: (HiddenModule, value)
        self.has_begun = False
        self.is_open = False  # whether modules are handed out
        self.handed_out = set()  # names: a module that the script removes from `sys.modules` is loaded anew
        self.state = LibraryState()
        self.interpreter = InterpreterState()
        self.extensions = ExtensionModules(self)
        self.script = None  # its code
        self.lines = None  # its ImportLines
        self.is_untouched = True  # nothing has been run but the head of the script
        self.line = 0  # of the statement whose import was compared last, if it is in a group
        self.compared = set()  # names of modules that were compared since nothing but imports has been run
        self.find_builtin = BuiltinImporter.find_spec
        BuiltinImporter.find_spec = staticmethod(self.find_spec)

    def find_spec(self, name, path=None, target=None):
        if self.has_begun:
            hidden = self.modules.get(name)
            # Not for importlib.util.find_spec() and importlib.reload(), which load nothing of ours.
            if hidden is not None and getframe(2).f_code is IMPORTING:
                if self.is_open and self.can_hand_out(hidden) or self.extensions.must_hand_out(hidden, path):
                    return spec_of(hidden, HandingOut(hidden, self))
            if name in INTERPRETERS and not is_asked_for_by_futures():
                self.extensions.doubt('it uses other interpreters, which share modules in C with the first one')
            self.begun[name] = None
            self.is_untouched = False  # a module of others is run
            self.line = 0
        return self.find_builtin(name, path, target)

    def begin(self):
        """The script is run from now on."""
        self.has_begun = self.is_open = True
        self.interpreter.begin()

    def remember(self, startup, not_found, library):
        """Keeps what a script may change, so that its imports would give something else."""
        self.path = self.accepted_path = list(sys.path)
        self.accepted_folder = None
        self.finders = list(sys.meta_path)
        self.hooks = list(sys.path_hooks)
        self.filters = filters_of_warnings()
        self.searched = {name.partition('.')[0] for name in (*self.modules, *not_found)}
        self.startup = startup
        self.absent = tuple(not_found)
        self.extensions.remember(startup, library)  # before the state, of which what it replaces is a part
        self.state.remember(startup, list(self.modules.values()))
        self.interpreter.remember()

    def can_hand_out(self, hidden):
        """Whether its import would give the same now as it has given to the fork server."""
        if not self.has_its_import_system() or _thread._count() > 0:
            # Imports of other threads would see half of what is handed out.
            self.is_open = False  # the script may mean other modules by the other names, too
            return False
        return self.has_its_modules(hidden) and self.has_its_warnings(hidden) and self.has_its_errors(hidden) and self.has_its_library(
            hidden)

    def has_its_import_system(self):
        names = sys.__dict__  # a script may delete one
        return (names.get('meta_path') == self.finders and names.get('path_hooks') == self.hooks and has_known_finders()
                and self.has_its_path() and getprofile() is None and gettrace() is None)

    def has_its_modules(self, hidden):
        """Whether it, and all that it imports, are those that the import would find."""
        if hidden.name in self.handed_out:
            return False
        for name in hidden.closure:
            each = self.modules[name]
            if name in self.handed_out and name not in sys.modules:
                return False
            if sys.modules.get(name, each.module) is not each.module or not is_allowed(each):
                return False
        if not all(name in sys.modules for name in hidden.after):
            return False
        return is_allowed(hidden) and not any(name in sys.modules for name in self.absent)

    def has_its_warnings(self, hidden):
        """Whether it warns as it has in the fork server: a warning may be an error, which the module can catch."""
        warned = any(each.effects is not None and each.effects.warnings for each in (*map(self.modules.get, hidden.closure), hidden))
        return not warned or (not any(each[0] == 'error' for each in self.filters) and filters_of_warnings() == self.filters
                              and self.state.is_same(('warnings',)))

    def has_its_errors(self, hidden):
        """An exception that a module keeps, or looks at, has that which its importer handles as its context."""
        return exc_info()[0] is None or not any(
            each.name in self.state.with_errors or HANDLED in each.reads for each in (*map(self.modules.get, hidden.closure), hidden))

    def has_its_library(self, hidden):
        """Whether its import would read the same: nothing that it uses has been changed."""
        frame = importing_frame()
        if frame is None:
            return False
        line = frame.f_lineno if frame.f_code is self.script and self.lines.groups.get(frame.f_lineno, NONE) != NONE else 0
        if self.is_untouched and line != 0 and self.lines.groups[line] == HEAD:
            return True
        self.is_untouched = False
        if not self.interpreter.is_same([*map(self.modules.get, hidden.closure), hidden]):
            return False
        if not self.is_compared(line):
            if not self.state.is_startup_same():
                self.is_open = False
                return False
            self.compared = set()
        self.line = line
        others = [each for each in (*hidden.closure, hidden.name) if each not in self.compared]
        if not self.state.is_same(others):
            return False
        self.compared.update(others)
        return True

    def is_compared(self, line):
        """Whether nothing but imports of shared modules has been run since the last comparison."""
        groups = self.lines.groups
        return line != 0 and self.line != 0 and self.line <= line and groups[line] == groups[self.line] and all(
            each in self.compared or each in self.startup for each in self.lines.sources_between(self.line, line))

    def has_its_path(self):
        """Whether all folders of `sys.path` are there in their order, and those that were added have none of our names."""
        path = sys.__dict__.get('path')
        if path == self.path:
            return True
        if type(path) is not list:
            return False
        folder = current_folder()
        if path == self.accepted_path and folder == self.accepted_folder:
            return True
        waiting = iter(path)
        if not all(each in waiting for each in self.path):
            return False
        for each in path:
            if each not in self.path and not self.is_without_our_names(each):
                return False
        self.accepted_path, self.accepted_folder = list(path), folder
        return True

    def is_without_our_names(self, folder):
        try:
            return not any(name.partition('.')[0] in self.searched for name in posix.listdir(folder or '.'))
        except FileNotFoundError:
            return True
        except (OSError, TypeError, ValueError):
            return False  # such as a zip file

    def forget(self):
        """Leaves all modules to the import system: nothing here keeps one any longer."""
        self.has_begun = False
        BuiltinImporter.find_spec = self.find_builtin
        self.extensions.forget()
        self.modules.clear()
        self.aliases.clear()
        self.state = None

    def hide(self, loaded, startup, dropped=()):
        """Takes modules out of sight: `loaded` are HiddenModules in the order of their ends. Nothing is left of the `dropped`."""
        for each in (*loaded, *dropped):
            sys.modules.pop(each.name, None)
            for key, _ in each.aliases:
                sys.modules.pop(key, None)
        for each in loaded:
            self.modules[each.name] = each
            self.aliases.update({key: (each, value) for key, value in each.aliases})
        for each in (*loaded, *dropped):
            package, _, attribute = each.name.rpartition('.')
            owner = self.modules[package].module if package in self.modules else startup.get(package)
            is_part = package in self.modules and each.name in self.modules[package].closure
            # What the import of its package loads stays, at its place among the names of the package.
            if owner is not None and owner.__dict__.get(attribute) is each.module and not is_part:
                each.binding = owner, attribute
                if each.covered is MISSING:
                    delattr(owner, attribute)
                else:
                    setattr(owner, attribute, each.covered)
            if each.effects is not None:
                each.effects.withdraw()

    def reveal(self):
        """Puts all modules back, so that others can be loaded that import them."""
        for each in self.modules.values():
            sys.modules[each.name] = each.module
            sys.modules.update(each.aliases)
            if each.binding is not None:
                setattr(each.binding[0], each.binding[1], each.module)
            if each.effects is not None:
                each.effects.enter()


def is_asked_for_by_futures():
    """From 3.14 on, the import of `concurrent.futures` looks whether there can be other interpreters, and makes none."""
    frame = importing_frame()
    return frame is not None and frame.f_globals.get('__name__') == 'concurrent.futures'


def has_known_finders():
    """Whether Python itself has made all finders for folders."""
    finders = sys.__dict__.get('path_importer_cache')
    return type(finders) is dict and all(type(each) in FINDERS for each in finders.values())


def filters_of_warnings():
    """Those that C code uses: of the module, or its own as long as that is not loaded."""
    filters = getattr(sys.modules.get('warnings', _warnings), 'filters', None)
    return list(filters) if type(filters) is list else []


def current_folder():
    """`None`: it has been removed."""
    try:
        return posix.getcwd()
    except OSError:
        return None


def importing_frame():
    """The frame of the statement that imports, or `None`: C code of another thread."""
    frame = getframe(1)
    while frame is not None and (frame.f_code.co_filename in IMPORT_SYSTEM or frame.f_globals is OWN_NAMES):
        frame = frame.f_back
    return frame


def is_allowed(hidden):
    return hidden.effects is None or hidden.effects.are_possible()
