"""Whether a file has changed of which the fork server holds the content, or a name that an import would find."""
import posix
import sys

import _imp

from .library import origin_of, own_name

SUFFIXES = frozenset(('.py', '.pyc', *_imp.extension_suffixes()))
NO_FILES = (b'[', b'/dev/', b'/memfd:', b'/SYSV')  # in /proc/self/maps
OPENSSL_FOLDERS = (
    '/usr/lib/ssl', '/etc/ssl', '/etc/pki/tls', '/usr/local/ssl', '/usr/local/etc/openssl@3', '/opt/homebrew/etc/openssl@3')
TRUSTED_AGE = 2.0  # seconds. A file system may give a second write within this time the same time stamp


def stamp_of(path):
    status = posix.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class WatchedFiles:
    """Files by their stamps, folders by those of their names that matter.

    What is looked at for each request is kept in few objects: each one that is touched is copied again after a fork.
    """

    def __init__(self, optional):
        """`optional`: {path: whether it was there before this process was started}."""
        self.optional = optional
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
                if path.endswith(' (deleted)'):
                    self.young = path  # a library that was replaced since it was loaded: proc_pid_maps(5)
                continue
            self.stamps[path] = stamp_of(path)
            if max(status.st_mtime, status.st_ctime) > since - TRUSTED_AGE:
                self.young = path
        for path, was_there in self.optional.items():
            change = change_time(path)
            if (change is not None) != was_there or was_there and change > since - TRUSTED_AGE:
                self.young = path
        for folder, names in folders.items():
            self.folders[folder] = names, entries_of(folder, names)
        self.optional_paths = '\0'.join(self.optional)
        self.optional_state = look_at_paths(self.optional_paths)
        self.optional_states = {path: look_at_paths(path) for path in self.optional}
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
        if look_at_paths(self.optional_paths) != self.optional_state:
            return self.changed_optional_file()
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

    def changed_optional_file(self):
        return 'file changed: ' + next((path for path, state in self.optional_states.items() if look_at_paths(path) != state), '')


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


def is_there(path):
    return change_time(path) is not None


def optional_files(environment):
    """Files that need not be there: virtual environments, the time zone, what OpenSSL reads, archives in `sys.path`."""
    program = sys.executable.rpartition('/')[0]
    files = [program + '/pyvenv.cfg', program.rpartition('/')[0] + '/pyvenv.cfg', sys.prefix + '/pyvenv.cfg']
    name = text_of(environment.get(b'TZ') or b'/etc/localtime').lstrip(':')
    files.append(name if name.startswith('/') else '/usr/share/zoneinfo/' + name)
    files += [folder + '/openssl.cnf' for folder in (*OPENSSL_FOLDERS, sys.prefix + '/ssl', sys.base_prefix + '/ssl')]
    if b'OPENSSL_CONF' in environment:
        files.append(text_of(environment[b'OPENSSL_CONF']))
    return files + [path for path in sys.path if not is_folder(path)]


def text_of(name):
    return name.decode(sys.getfilesystemencoding(), 'surrogateescape')


def is_folder(path):
    try:
        posix.listdir(path or '.')
        return True
    except OSError:
        return False


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
    # Those that are named are imported at the start, if they are there, and by the loader of modules.
    names = [*hidden, *not_found, *sys.modules, 'sitecustomize', 'usercustomize', 'warnings']
    folders = {}
    for folder in sys.path:
        folders.setdefault(folder, set()).update(name.partition('.')[0] for name in names)
    for folder, searched in list(folders.items()):
        for entry in entries_of(folder, searched) or ():
            if is_plain_folder(folder + '/' + entry):
                folders[folder + '/' + entry] = {'__init__'}
    for folder in absent_site_folders():
        folders.setdefault(folder, set())
    for name, each in hidden.items():
        for folder in own_name(each.module, '__path__') or ():
            children = [other[len(name) + 1:] for other in names if other.startswith(name + '.')]
            folders.setdefault(folder, set()).update(child.partition('.')[0] for child in children)
    return folders


def is_plain_folder(path):
    """Whether a folder is no package: with an `__init__` it would come before another one of the name."""
    try:
        return not any(name.partition('.')[0] == '__init__' for name in posix.listdir(path))
    except OSError:
        return False


def absent_site_folders():
    """Folders that Lib/site.py puts into `sys.path` once they are there."""
    site = sys.modules.get('site')
    if site is None or sys.flags.no_site:
        return []
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        folders.append(site.USER_SITE)
    return [folder for folder in folders if folder not in sys.path]


def path_files(folders):
    """The .pth files in folders."""
    for folder in folders:
        try:
            yield from (folder + '/' + name for name in posix.listdir(folder) if name.endswith('.pth'))
        except OSError:
            pass


def mapped_files():
    """The program and the shared libraries of this process."""
    with open('/proc/self/maps', 'rb') as file:
        content = file.read()
    lines = [line.split(None, 5) for line in content.splitlines()]
    paths = {line[5] for line in lines if len(line) == 6 and b'x' in line[1] and not line[5].startswith(NO_FILES)}
    return [path.decode(sys.getfilesystemencoding(), 'surrogateescape') for path in paths]
