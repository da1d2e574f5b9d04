"""Modules in C that can be initialised only once in a process, and have been: what that did is done again.

Where a script has changed what such a module uses, or how modules are found, it is not handed out. The import system
finds its file, and a plain run would initialise it now: Python itself would give what it knows already, and import nothing.

Such a module keeps parts of those that it imports. These are handed out, too, since a second one would be a stranger to it:
`decimal.Decimal` is registered with one `numbers.Number`. Where a change could matter, the script is not warm any more.
"""
import builtins
import sys

import _imp
import _thread
from _frozen_importlib_external import PathFinder

from .library import is_extension

FunctionType = type(lambda: None)
# Until Python 3.9, each instance of it has exit functions of its own, and ending.py calls those of one.
OF_PROCESS = ('atexit',)
# Python leaves these frames out of a traceback: see `remove_importlib_frames()` of Python/import.c.
FILE, FUNCTION = '<frozen importlib._bootstrap>', '_call_with_frames_removed'


class ExtensionModules:
    """`doubt(reason)` is called where a module may keep something else than it would in a plain run."""

    def __init__(self, hidden):
        self.hidden = hidden
        self.doubt = None
        self.startup = {}
        self.kept = {}  # (name, origin): HiddenModule
        self.parts = {}  # name of one of them: those of which it keeps parts
        self.used = set()  # all of these
        self.initialised = set()  # ids of modules
        self.originals = {}

    def remember(self, startup, library):
        self.startup = startup
        self.kept = {(each.name, each.spec.origin): each for each in self.hidden.modules.values() if self.is_kept(each, library)}
        self.parts = {each.name: self.parts_of(each, library) for each in self.kept.values()}
        self.used = {name for names in self.parts.values() for name in names}
        if self.kept and not self.originals:
            for name in ('create_builtin', 'create_dynamic'):
                self.replace(name, self.creating(getattr(_imp, name)))
            for name in ('exec_builtin', 'exec_dynamic'):
                self.replace(name, self.executing(getattr(_imp, name)))

    def replace(self, name, function):
        self.originals[name] = getattr(_imp, name)
        code = function.__code__.replace(co_filename=FILE, co_name=FUNCTION)
        # Modules in C import by the `__import__` of the names of the frame that they are initialised in.
        names = {'__builtins__': builtins.__dict__}
        setattr(_imp, name, FunctionType(code, names, FUNCTION, None, function.__closure__))

    def forget(self):
        for name, function in self.originals.items():
            setattr(_imp, name, function)

    def is_kept(self, each, library):
        """Others than those of the library may refuse to be initialised once more even if they could."""
        origin, memory = each.spec.origin or '', self.hidden.state.memory
        if origin != 'built-in' and not is_extension(origin):
            return False
        return each.name in OF_PROCESS or memory is None or not library.is_standard(origin) or memory.is_single_phase(each.module)

    def must_hand_out(self, hidden, path):
        """Whether a module is handed out in spite of a change."""
        name, origin = hidden.name, hidden.spec.origin
        if name not in self.used or name in self.hidden.handed_out or (name, origin) in self.kept:
            return False
        if getattr(PathFinder.find_spec(name, path), 'origin', None) != origin or not self.is_consistent(hidden):
            return False
        self.tell_doubt(name)
        return True

    def is_consistent(self, hidden):
        """Whether none of the modules that it imports has been loaded anew."""
        modules = self.hidden.modules
        return _thread._count() == 0 and all(
            sys.modules.get(name, modules[name].module) is modules[name].module for name in hidden.closure)

    def tell_doubt(self, name):
        self.doubt('it has changed something before it imports %s, of which modules in C keep parts' % name)

    def parts_of(self, each, library):
        """Those that it imports. Cython imports by a function of C that nobody sees: of these, its whole package."""
        if library.is_standard(each.spec.origin):
            return each.imports
        package = each.name.partition('.')[0]
        return (*each.imports, *[name for name in self.hidden.modules if name.partition('.')[0] == package and name != each.name])

    def creating(self, create):
        enter = self.enter

        def call(spec, *file):
            return enter(spec) or create(spec, *file)
        return call

    def executing(self, execute):
        is_executed = self.is_executed

        def call(module):
            return 0 if is_executed(module) else execute(module)
        return call

    def is_executed(self, module):
        return id(module) in self.initialised

    def enter(self, spec):
        """Makes up for the initialisation of a module. Returns the module, or `None` for those that Python initialises."""
        each = self.kept.get((spec.name, spec.origin))
        if each is None or spec.name in self.hidden.handed_out:
            return None
        self.hidden.handed_out.add(each.name)
        self.initialised.add(id(each.module))
        for name in each.imports:
            if name not in sys.modules and name in self.hidden.modules:
                builtins.__import__(name)
        changed = next(filter(self.is_changed, self.parts[each.name]), None)
        if changed is not None:
            self.tell_doubt(changed)
        sys.modules.update(each.aliases)
        each.apply_effects(self.hidden.state)
        return each.module

    def is_changed(self, name):
        hidden = self.hidden.modules.get(name)
        was = self.startup.get(name) if hidden is None else hidden.module
        return was is not None and (sys.modules.get(name) is not was or not self.hidden.state.is_same((name,)))
