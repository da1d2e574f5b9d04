"""A module that is loaded, and how a script gets it."""
import sys

from _frozen_importlib import ModuleSpec

MISSING = object()


class HiddenModule:
    """A module, with all that its first import does."""

    __slots__ = ('name', 'module', 'spec', 'closure', 'entries', 'binding', 'aliases', 'effects', 'reads', 'imports', 'covered',
                 'after')

    def __init__(self, name, module, effects):
        self.name = name
        self.module = module
        self.spec = module.__spec__
        self.closure = ()  # the modules that its import loads, in the order of their ends
        self.entries = ()  # with the keys of their aliases, and of its own, at their places
        self.binding = None  # (package, attribute): where the import system stores a submodule
        self.covered = MISSING  # what the package had by that name before
        self.aliases = ()  # further entries of sys.modules: (key, value)
        self.effects = effects
        self.imports = ()  # what it imports by itself
        self.after = ()  # modules that must be there before: of some that import each other, the one that was imported first
        self.reads = frozenset()  # the names by which its import reads what the interpreter has

    def enter(self, state):
        """Puts it into `sys.modules`, and into the package that it belongs to."""
        sys.modules.update(self.aliases)  # before the module, which the import system puts last
        sys.modules[self.name] = self.module
        if self.binding is not None:
            package, attribute = self.binding
            setattr(package, attribute, self.module)
        self.apply_effects(state)

    def apply_effects(self, state):
        if self.effects is not None:
            for each in self.effects.apply(self.module):
                state.accept(each)


class HandingOut:
    """The loader of a hidden module's specification: the module is there already."""

    def __init__(self, hidden, owner):
        self.hidden = hidden
        self.modules = owner.modules
        self.aliases = owner.aliases
        self.state = owner.state
        owner.handed_out.update(hidden.closure, (hidden.name,))

    def create_module(self, spec):
        module = self.hidden.module
        self.function = module.__dict__.get('__getattr__')
        if self.function is not None:  # the import system looks for attributes that a new module does not have
            module.__dict__['__getattr__'] = has_none
        return module

    def exec_module(self, module):
        if self.function is not None:
            module.__dict__['__getattr__'] = self.function
        hidden = self.hidden
        module.__spec__ = hidden.spec  # the import system has stored ours
        loaded = sys.modules
        for each in hidden.entries:
            if each in self.modules:
                if each not in loaded:
                    self.modules[each].enter(self.state)
            else:
                owner, value = self.aliases[each]
                if owner is hidden or owner.name not in loaded:
                    loaded[each] = value
        loaded.update(hidden.aliases)
        hidden.apply_effects(self.state)


def has_none(name):
    raise AttributeError(name)


def spec_of(hidden, loader):
    spec = ModuleSpec(hidden.name, loader, origin=hidden.spec.origin)
    spec.submodule_search_locations = hidden.spec.submodule_search_locations
    return spec
