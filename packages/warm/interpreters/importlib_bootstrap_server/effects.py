"""What the import of a module does besides making it: it is done again in each child that imports the module."""
import atexit
import posix
import sys
import time

import _warnings

getframe = sys._getframe  # a script may replace it
# Files of the frames from which module_loader.py imports: the place of a warning tells how many levels out it points.
IMPORTERS = {'<importer %d>' % level: level for level in range(1, 6)}


def refresh_logging(module):
    """Lib/logging/__init__.py: the time that `relativeCreated` counts from."""
    module._startTime = time.time() if isinstance(module._startTime, float) else time.time_ns()
    return module.__dict__


def refresh_wsgiref_handlers(module):
    """Lib/wsgiref/handlers.py: a class attribute is a copy of the environment."""
    module.BaseHandler.os_environ = module.read_environ()
    return module.BaseHandler


def refresh_threading(module):
    """Lib/threading.py: `_after_fork()` leaves the main thread its id in the parent (3.9 to 3.12)."""
    set_native_id = getattr(module._main_thread, '_set_native_id', None)
    if set_native_id is not None:
        set_native_id()
    return module.__dict__  # in which `_after_fork()` has made new locks


def refresh_platform(module):
    """Lib/platform.py: Lib/uuid.py has called `system()`, which keeps all that uname(2) tells."""
    module._uname_cache = None
    return module.__dict__


# Modules of the library that read on import what belongs to a process or changes, and keep it in one known place. Each
# function returns the object that it has changed.
REFRESHED = {'logging': refresh_logging, 'wsgiref.handlers': refresh_wsgiref_handlers, 'threading': refresh_threading,
             'platform': refresh_platform}


# Modules of the library that set names of others on import: Lib/importlib/__init__.py gives two modules their public names.
NAMING = {'importlib': ('_frozen_importlib', '_frozen_importlib_external')}
MISSING = object()


class Effects:
    """Warnings, exit functions, loggers, and the variables of the environment that were read."""

    __slots__ = ('variables', 'warnings', 'exit_functions', 'fork_handlers', 'loggers', 'placeholders', 'additions',
                 'refresh', 'named', 'names')
    registered = 0  # how many exit functions have been registered for the script
    shared_loggers = {}  # {id: logger}: those of shared modules

    def __init__(self, name):
        self.variables = {}  # name: value, or None where it was not set
        self.warnings = []
        self.exit_functions = []
        self.fork_handlers = []
        self.loggers = {}
        self.placeholders = []
        self.additions = []  # to containers of other modules: (container, key or item, value)
        self.refresh = REFRESHED.get(name)
        self.named = [(sys.modules[each].__dict__, dict(sys.modules[each].__dict__)) for each in NAMING.get(name, ())]
        self.names = []  # of other modules: (their dictionary, name, value, what it was before or MISSING)

    def find_names(self):
        """Once the module has been executed."""
        for now, before in self.named:
            self.names += [(now, name, value, before.get(name, MISSING))
                           for name, value in now.items() if before.get(name, MISSING) is not value]
        self.named = ()

    def are_needed(self):
        return any(getattr(self, name) for name in self.__slots__)

    def are_possible(self):
        """Whether an import would read and find the same now."""
        environ = posix.environ
        for name, value in self.variables.items():
            if environ.get(name) != value:
                return False
        logging = sys.modules.get('logging') if self.loggers else None
        if logging is None:
            return True
        manager = logging.root.manager
        if manager.loggerClass is not None or logging.getLoggerClass() is not logging.Logger:
            return False
        loggers = manager.loggerDict
        if any(isinstance(loggers.get(name), logging.Logger) for name in self.loggers):
            return False
        # The import may log, and a logger of the script's hands on what its children log.
        return not any(isinstance(loggers.get(name), logging.Logger) and id(loggers[name]) not in Effects.shared_loggers
                       for name in parents_of(self.loggers))

    def apply(self, module):
        """Returns the objects of others that it has changed."""
        for warning in self.warnings:
            warn_again(*warning)
        for function, arguments, keywords in self.exit_functions:
            atexit.register(function, *arguments, **keywords)
            Effects.registered += 1
        for handlers in self.fork_handlers:
            # This process was forked after the import: such a handler gives the generator of `random` another seed.
            handlers.get('after_in_child', int)()
            posix.register_at_fork(**handlers)
        self.enter()
        changed = [container for container, _, _ in self.additions]
        if self.refresh is not None:
            changed.append(self.refresh(module))
        return changed

    def enter(self):
        """Puts back what it has put into other modules."""
        for container, key, value in self.additions:
            if type(container) is dict:
                container[key] = value
            elif type(container) is set:
                container.add(key)
            else:
                container.append(key)
        for names, name, value, _ in self.names:
            names[name] = value
        self.enter_loggers()

    def withdraw(self):
        """Takes it out again."""
        for container, key, _ in self.additions:
            if type(container) is dict:
                container.pop(key, None)
            elif key in container:
                container.remove(key)
        for names, name, _, before in self.names:
            if before is MISSING:
                names.pop(name, None)
            else:
                names[name] = before
        self.withdraw_loggers()

    def enter_loggers(self):
        """As `Manager.getLogger()` of Lib/logging/__init__.py does for a new logger."""
        for name, logger in self.loggers.items():
            manager = logger.manager
            placeholder = manager.loggerDict.get(name)
            manager.loggerDict[name] = logger
            Effects.shared_loggers[id(logger)] = logger
            if placeholder is not None:
                manager._fixupChildren(placeholder, logger)
            manager._fixupParents(logger)
            logger._cache.clear()

    def withdraw_loggers(self):
        """`logging.config.dictConfig()` disables the loggers that it finds, so it must not find those of later imports."""
        for logger in list(self.loggers.values())[:1]:
            for name in list(self.loggers) + self.placeholders:
                logger.manager.loggerDict.pop(name, None)


def parents_of(names):
    for name in names:
        while '.' in name:
            name = name.rpartition('.')[0]
            yield name


def warn_again(message, category, place, line, names, source):
    """As `do_warn()` of Python/_warnings.c, from the line that imports or from the module's own."""
    level = IMPORTERS.get(place)
    if level is not None:
        frame = outer_frame(level)
        if frame is None:
            place, line, names = 'sys', 1, sys.__dict__
        else:
            place, line, names = frame.f_code.co_filename, frame.f_lineno, frame.f_globals
    registry = names.setdefault('__warningregistry__', {})
    _warnings.warn_explicit(message, category, place, line, names.get('__name__', '<string>'), registry, None, source)


def outer_frame(level):
    """The frame that many levels out, not counting those of the import system and of this package."""
    frame = getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not ('importlib' in filename and '_bootstrap' in filename):
            level -= 1
            if level == 0:
                return frame
        frame = frame.f_back
    return None
