"""Modules that are loaded, and that a script gets when it imports them; until then it sees nothing of them."""
import posix
import sys

import _frozen_importlib

BuiltinImporter = _frozen_importlib.BuiltinImporter
ModuleSpec = _frozen_importlib.ModuleSpec
IMPORTING = _frozen_importlib._find_and_load_unlocked.__code__


class HiddenModule:
    """A module, with all that its first import does."""

    __slots__ = ('name', 'module', 'spec', 'closure', 'binding', 'aliases', 'effects')

    def __init__(self, name, module, effects):
        self.name = name
        self.module = module
        self.spec = module.__spec__
        self.closure = ()  # the modules that its import loads, in the order of their ends
        self.binding = None  # (package, attribute): where the import system stores a submodule
        self.aliases = ()  # further entries of sys.modules: (key, value)
        self.effects = effects

    def enter(self):
        """Puts it into `sys.modules`, and into the package that it belongs to."""
        sys.modules.update(self.aliases)  # before the module, which the import system puts last
        sys.modules[self.name] = self.module
        if self.binding is not None:
            package, attribute = self.binding
            setattr(package, attribute, self.module)
        if self.effects is not None:
            self.effects.apply(self.module)


class HandingOut:
    """The loader of a hidden module's specification: the module is there already."""

    def __init__(self, hidden, owner):
        self.hidden = hidden
        self.modules = owner.modules
        owner.handed_out.update(hidden.closure, (hidden.name,))

    def create_module(self, spec):
        return self.hidden.module

    def exec_module(self, module):
        hidden = self.hidden
        module.__spec__ = hidden.spec  # the import system has stored ours
        loaded = sys.modules
        for each in hidden.closure:
            if each not in loaded:
                self.modules[each].enter()
        loaded.update(hidden.aliases)
        if hidden.effects is not None:
            hidden.effects.apply(module)


class HiddenModules:
    """Takes the place of `BuiltinImporter.find_spec()`, the first finder, so that `sys.meta_path` is as in a plain run."""

    def __init__(self):
        self.modules = {}
        self.is_open = False
        self.handed_out = set()  # names: a module that the script removes from `sys.modules` is loaded anew
        self.assigned = set()  # names of modules to whose attributes the script assigns
        self.contents = {}
        self.find_builtin = BuiltinImporter.find_spec
        BuiltinImporter.find_spec = staticmethod(self.find_spec)

    def find_spec(self, name, path=None, target=None):
        if self.is_open:
            hidden = self.modules.get(name)
            # Not for importlib.util.find_spec() and importlib.reload(), which load nothing of ours.
            if hidden is not None and sys._getframe(2).f_code is IMPORTING:
                if self.is_as_loaded(hidden):
                    spec = hidden.spec
                    found = ModuleSpec(name, HandingOut(hidden, self), origin=spec.origin)
                    found.submodule_search_locations = spec.submodule_search_locations
                    return found
                self.is_open = False  # the script may mean other modules by the other names, too
        return self.find_builtin(name, path, target)

    def remember(self, startup, not_found):
        """Keeps what a script may change, so that its imports would give something else."""
        self.path = self.accepted_path = list(sys.path)
        self.accepted_folder = None
        self.finders = list(sys.meta_path)
        self.hooks = list(sys.path_hooks)
        self.searched = {name.partition('.')[0] for name in (*self.modules, *not_found)}
        self.contents = {}
        for name in self.assigned:
            module = self.modules[name].module if name in self.modules else startup.get(name)
            if module is not None:
                self.contents[name] = list(module.__dict__.items())

    def is_as_loaded(self, hidden):
        """Whether its import would give the same now: nothing has changed that was looked at when it was loaded."""
        if sys.meta_path != self.finders or sys.path_hooks != self.hooks or not self.has_its_path():
            return False
        if not all(map(self.has_its_contents, self.contents)):
            return False
        if hidden.name in self.handed_out or sys.getprofile() is not None or sys.gettrace() is not None:
            return False
        for name in hidden.closure:
            each = self.modules[name]
            if name in self.handed_out and name not in sys.modules:
                return False
            if sys.modules.get(name, each.module) is not each.module or not is_allowed(each):
                return False
        return is_allowed(hidden)

    def has_its_path(self):
        """Whether all folders of `sys.path` are there in their order, and those that were added have none of our names."""
        path = sys.path
        if path == self.path:
            return True
        folder = posix.getcwd()
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

    def has_its_contents(self, name):
        module = sys.modules.get(name)
        if module is None:
            return True
        names = module.__dict__
        return all(names.get(each) is value for each, value in self.contents[name])

    def forget(self):
        """Leaves all modules to the import system: nothing here keeps one any longer."""
        self.is_open = False
        BuiltinImporter.find_spec = self.find_builtin
        self.modules.clear()
        self.contents.clear()

    def hide(self, loaded, startup):
        """Takes modules out of sight: `loaded` are HiddenModules in the order of their ends."""
        for each in loaded:
            self.modules[each.name] = each
            sys.modules.pop(each.name, None)
            for key, _ in each.aliases:
                sys.modules.pop(key, None)
        for each in loaded:
            package, _, attribute = each.name.rpartition('.')
            owner = self.modules[package].module if package in self.modules else startup.get(package)
            if owner is not None and owner.__dict__.get(attribute) is each.module:
                each.binding = owner, attribute
                delattr(owner, attribute)
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


def is_allowed(hidden):
    return hidden.effects is None or hidden.effects.are_possible()
