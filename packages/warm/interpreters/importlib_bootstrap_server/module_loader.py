"""Loads modules and records what belongs to which: imports, aliases, warnings, exit functions, loggers."""
import atexit
import builtins
import posix
import sys

import _frozen_importlib

from .effects import IMPORTERS, Effects
from .hidden_module import MISSING, HiddenModule
from .library import own_name, specification_of



class ModuleLoader:
    """Within `with`, each module that is loaded is recorded."""

    def __init__(self, registries=()):
        """`registries`: places to which modules add, as `module.name`."""
        self.effects = {}  # name: Effects, of the modules that are loaded, in the order of the ends of their imports
        self.edges = {}  # name: {imported name: None}
        self.aliases = {}  # key: (name, value), of entries of sys.modules that a module has made by itself
        self.covered = {}  # name of a submodule: what its package had by that name before, or MISSING
        self.running = []  # (name, Effects) of the modules that are being executed, the innermost last
        self.not_found = {}  # names for which there is no module
        self.unclear = {}  # name: why it cannot be handed out
        self.warnings = []
        self.loggers = set(self.known_loggers())
        self.registries = [Registry(place) for place in registries]

    def __enter__(self):
        self.initial = frozenset(sys.modules)
        self.original_import = builtins.__import__
        self.original_gcd_import = _frozen_importlib._gcd_import
        self.original_load = _frozen_importlib._load_unlocked
        self.original_find = _frozen_importlib._find_spec
        self.original_register = atexit.register
        self.original_at_fork = posix.register_at_fork
        os = sys.modules.get('os', posix)
        self.replaced = [
            (builtins, '__import__', self.original_import, self.import_module),
            (_frozen_importlib, '_gcd_import', self.original_gcd_import, self.gcd_import),
            (_frozen_importlib, '_load_unlocked', self.original_load, self.load_unlocked),
            (_frozen_importlib, '_find_spec', self.original_find, self.find_spec),
            (atexit, 'register', self.original_register, self.register_exit_function),
            (posix, 'register_at_fork', self.original_at_fork, self.register_fork_handlers),
            (os, 'register_at_fork', self.original_at_fork, self.register_fork_handlers),
        ]
        util = sys.modules.get('importlib.util')
        if util is not None:
            self.replaced.append((util, '_find_spec', self.original_find, self.find_spec))
        for owner, name, _, ours in self.replaced:
            setattr(owner, name, ours)
        self.import_from_outside = create_importer(self.original_import)
        return self

    def __exit__(self, *_):
        for owner, name, original, _ in self.replaced:
            setattr(owner, name, original)
        originals = {id(ours): original for _, _, original, ours in self.replaced}
        for name in self.effects:
            names = getattr(sys.modules.get(name), '__dict__', {})
            names.pop('__warningregistry__', None)
            for each in [key for key, value in names.items() if id(value) in originals]:
                names[each] = originals[id(names[each])]  # of `from atexit import register`

    def load(self, name):
        """Imports a module as a script would, with all warnings recorded. Returns what it throws, or `None`."""
        import warnings
        with warnings.catch_warnings(record=True) as self.warnings:
            warnings.simplefilter('always')
            self.begin_import()
            try:
                self.import_from_outside(name)
            except BaseException as error:
                return error
        return None

    def begin_import(self):
        """The warnings are recorded from now on."""

    # These take the places of functions of importlib._bootstrap, atexit and os.

    def import_module(self, name, globals=None, locals=None, fromlist=(), level=0):
        self.note_aliases()
        module = self.original_import(name, globals, locals, fromlist, level)
        if self.running:
            if level > 0:
                name = _frozen_importlib._resolve_name(name, _frozen_importlib._calc___package__(globals), level)
            self.add_edges(name, fromlist)
        return module

    def gcd_import(self, name, package=None, level=0):
        self.note_aliases()
        module = self.original_gcd_import(name, package, level)
        if self.running:
            self.add_edges(_frozen_importlib._resolve_name(name, package, level) if level > 0 else name, ())
        return module

    def note_aliases(self):
        """Keeps the places of entries of `sys.modules` among the imports of the module that has made them."""
        if not self.running:
            return
        noted, new = self.edges[self.running[-1][0]], []
        for each in reversed(sys.modules):
            if each in self.edges or each in noted or each in self.initial:
                break
            new.append(each)
        noted.update(dict.fromkeys(reversed(new)))

    def add_edges(self, name, fromlist):
        edges = self.edges[self.running[-1][0]]
        parts = name.split('.')
        for end in range(1, len(parts) + 1):
            edges['.'.join(parts[:end])] = None
        for each in fromlist or ():
            child = '%s.%s' % (name, each)
            if child in sys.modules:
                edges[child] = None

    def find_spec(self, name, path, target=None):
        spec = self.original_find(name, path, target)
        if spec is None:
            self.not_found[name] = None
        return spec

    def load_unlocked(self, spec):
        self.settle(False)
        effects = Effects(spec.name)
        self.running.append((spec.name, effects))
        self.edges[spec.name] = {}
        before = set(sys.modules)
        package, _, attribute = spec.name.rpartition('.')
        self.covered[spec.name] = getattr(sys.modules.get(package), '__dict__', {}).get(attribute, MISSING)
        try:
            module = self.execute(spec)
            effects.find_names()
            self.effects[spec.name] = effects
            return module
        finally:
            self.settle(True)
            self.running.pop()
            self.claim(spec.name, [each for each in sys.modules if each not in before and each != spec.name])

    def execute(self, spec):
        return self.original_load(spec)

    def register_exit_function(self, function, *arguments, **keywords):
        if not self.running:
            return self.original_register(function, *arguments, **keywords)
        self.running[-1][1].exit_functions.append((function, arguments, keywords))
        return function

    def register_fork_handlers(self, **handlers):
        if self.running:
            self.running[-1][1].fork_handlers.append(handlers)
        else:
            self.original_at_fork(**handlers)

    # What has happened since is the running module's.

    def claim(self, name, new):
        """All that has come into `sys.modules` meanwhile, by C code or by `importlib`, too."""
        for each in new:
            self.edges[name][each] = None
            module = sys.modules[each]
            if getattr(specification_of(module), 'name', None) != each and each not in self.aliases:
                self.aliases[each] = name, module

    def settle(self, is_end):
        """Gives what was recorded since the last call to the innermost module that is being executed.

        `is_end`: it has come to its end; else it imports another one.
        """
        warned, self.warnings[:] = list(self.warnings), []
        known = self.known_loggers()
        new = [name for name in known if name not in self.loggers]
        self.loggers.update(new)
        additions = [addition for registry in self.registries for addition in registry.find_additions()]
        if not self.running:
            return
        name, effects = self.running[-1]
        for warning in warned:
            self.add_warning(name, effects, warning)
        effects.additions += additions
        for each in new:
            if hasattr(known[each], 'manager'):
                effects.loggers[each] = known[each]
            else:
                effects.placeholders.append(each)

    def add_warning(self, name, effects, warning):
        names = None
        if warning.filename not in IMPORTERS:
            names = next((module.__dict__ for module in list(sys.modules.values())
                          if own_name(module, '__file__') == warning.filename), None)
            if names is None:
                self.unclear[name] = 'it warns on import'
                return
        effects.warnings.append((warning.message, warning.category, warning.filename, warning.lineno, names, warning.source))

    def known_loggers(self):
        logging = sys.modules.get('logging')
        root = getattr(logging, 'root', None)
        return root.manager.loggerDict if root is not None and hasattr(root, 'manager') else {}


class Registry:
    """A list, a set or a dictionary of one module to which others add on import."""

    def __init__(self, place):
        self.module, _, self.name = place.rpartition('.')
        self.container = None
        self.content = ()

    def find_additions(self):
        """What has come into it since the last call: (container, key or item, value)."""
        container = getattr(sys.modules.get(self.module), self.name, None)
        if container is None:
            return []
        was, self.content = self.content, list(container)
        if container is not self.container:  # it was made just now, with its first content
            self.container = container
            return []
        new = self.content[len(was):] if type(container) is list else [each for each in self.content if each not in was]
        return [(container, each, container[each] if type(container) is dict else None) for each in new]


def create_importer(import_module):
    """A function that imports a module, from below some frames that are in no module."""
    for place in IMPORTERS:
        names = {'call': import_module}
        exec(compile('def load(name):\n    return call(name)\n', place, 'exec'), names)
        import_module = names['load']
    return import_module


def create_hidden_modules(loader):
    """The modules that a loader has loaded, with all that belongs to each, in the order of the ends of their imports."""
    names = [name for name in sys.modules if name in loader.effects]
    aliases = {}
    for key, (name, value) in loader.aliases.items():
        aliases.setdefault(name, []).append((key, value))
    hidden = []
    for name in names:
        effects = loader.effects[name]
        each = HiddenModule(name, sys.modules[name], effects if effects.are_needed() else None)
        each.aliases = aliases.get(name, ())
        each.covered = loader.covered[name]
        hidden.append(each)
    return hidden
