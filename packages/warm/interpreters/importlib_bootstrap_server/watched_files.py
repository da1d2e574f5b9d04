"""Whether a file has changed of which the fork server holds the content, or a name that an import would find."""
import posix
import sys

import _imp

from .library import origin_of

SUFFIXES = frozenset(('.py', '.pyc', *_imp.extension_suffixes()))
TRUSTED_AGE = 2.0  # seconds. A file system may give a second write within this time the same time stamp


def stamp_of(path):
    status = posix.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class WatchedFiles:
    """Files by their stamps, folders by those of their names that matter.

    What is looked at for each request is kept in few objects: each one that is touched is copied again after a fork.
    """

    def __init__(self, decisive=()):
        """`decisive`: {path: whether it was there before this process was started}."""
        self.decisive = decisive
        self.stamps = {}
        self.folders = {}  # folder: (the names that matter, those of them that are there)
        self.young = None  # a file that may have been written again after it was read

    def watch(self, files, folders, since):
        """Watches files, which were read after the time `since`.

        `folders`: {folder: set of names that matter, without what follows their first dot}.
        """
        for path in files:
            try:
                status = posix.stat(path)
            except OSError:
                continue
            self.stamps[path] = stamp_of(path)
            if max(status.st_mtime, status.st_ctime) > since - TRUSTED_AGE:
                self.young = path
        for path, was_there in self.decisive.items():
            change = change_time(path)
            if (change is not None) != was_there or was_there and change > since - TRUSTED_AGE:
                self.young = path
        for folder, names in folders.items():
            self.folders[folder] = names, entries_of(folder, names)
        self.decisive_paths = '\0'.join(self.decisive)
        self.decisive_state = look_at_paths(self.decisive_paths)
        self.paths = '\0'.join(self.stamps)
        self.state = self.look_at_files()
        self.folder_paths = '\0'.join(self.folders)
        self.folder_state = look_at_paths(self.folder_paths)

    def look_at_files(self):
        state = 0
        for path in self.paths.split('\0'):
            status = posix.stat(path)
            state = hash((state, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        return state

    def change(self):
        """What has changed, in words, or `None`."""
        try:
            if self.look_at_files() != self.state:
                return self.changed_file()
        except OSError:
            return self.changed_file()
        if self.decisive_paths and look_at_paths(self.decisive_paths) != self.decisive_state:
            return 'another interpreter may be chosen'
        state = look_at_paths(self.folder_paths)
        if state != self.folder_state:
            for folder, (names, entries) in self.folders.items():
                if entries_of(folder, names) != entries:
                    return 'other names in ' + folder
            self.folder_state = state
        return None

    def changed_file(self):
        for path, stamp in self.stamps.items():
            try:
                if stamp_of(path) == stamp:
                    continue
            except OSError:
                pass
            return 'file changed: ' + path
        return 'a file changed'


def look_at_paths(paths):
    """The state of files and folders that need not be there."""
    state = 0
    for path in paths.split('\0'):
        try:
            status = posix.stat(path)
            state = hash((state, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError:
            state = hash((state, 0))
    return state


def change_time(path):
    try:
        return posix.stat(path).st_ctime
    except OSError:
        return None


def entries_of(folder, names):
    """The names in a folder that an import of one of the modules could find."""
    try:
        entries = posix.listdir(folder or '.')
    except OSError:
        return None
    return sorted(entry for entry in entries if could_be_found(entry, names))


def could_be_found(entry, names):
    name, dot, suffix = entry.partition('.')
    return name in names and (not dot or dot + suffix in SUFFIXES) or entry.endswith('.pth')


def files_of(modules):
    """The files from which modules were loaded."""
    for module in modules:
        origin = origin_of(module)
        if isinstance(origin, str) and origin.startswith('/'):
            yield origin


def folders_of(hidden, not_found):
    """The folders in which the import system looks for modules, with the names that it has looked for there."""
    names = [*hidden, *not_found, *sys.modules, 'warnings']  # which the loader of modules imports
    folders = {}
    for folder in sys.path:
        folders.setdefault(folder, set()).update(name.partition('.')[0] for name in names)
    for name, each in hidden.items():
        for folder in getattr(each.module, '__path__', ()):
            children = [other[len(name) + 1:] for other in names if other.startswith(name + '.')]
            folders.setdefault(folder, set()).update(child.partition('.')[0] for child in children)
    return folders
