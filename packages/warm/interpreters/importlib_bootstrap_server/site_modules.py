"""sitecustomize, usercustomize and .pth files: Python runs them before the script, in a plain run in each request."""
import marshal
import posix
import sys

from .library import specification_of
from .reasons import PlainStart
from .trials import run_trial, try_site_modules
from .twin import read_in_time

LONGEST_TRIAL = 20_000  # milliseconds: a busy machine is slow


def check_site_modules(library, protection):
    """Tries them in a child. Returns the files that they read; throws `PlainStart` when they do more than that."""
    customs = [name for name in ('sitecustomize', 'usercustomize') if has_code(sys.modules.get(name))]
    lines = [] if sys.flags.no_site else list(path_lines(library.site_folders))
    if not customs and not lines:
        return []
    report = run_in_child(protection, library, customs, lines)
    if 'failure' in report:
        raise PlainStart('its site modules cannot be tried: ' + report['failure'])
    for name, reason in report['reasons'].items():
        raise PlainStart('%s %s' % (name, reason))
    for path in report['files']:
        if not path.startswith('/'):
            raise PlainStart('a site module reads ' + path)
    return report['files']


def has_code(module):
    """Whether a module is more than a comment, such as Debian's sitecustomize."""
    loader = getattr(specification_of(module), 'loader', None)
    if loader is None:
        return False
    code = loader.get_code(module.__name__)
    return code is None or bool(code.co_names) and set(code.co_names) != {'__doc__'}


def path_lines(folders):
    """The lines of .pth files that are code, as `addpackage()` of Lib/site.py runs them."""
    for folder in folders:
        try:
            names = sorted(posix.listdir(folder))
        except OSError:
            continue
        for name in names:
            if name.endswith('.pth') and not name.startswith('.'):
                with open(folder + '/' + name, encoding='utf-8', errors='replace') as file:
                    yield from (line.rstrip() for line in file if line.startswith(('import ', 'import\t')))


def run_in_child(protection, *arguments):
    """Forks a process that tries the site modules, and returns its report."""
    read, write = posix.pipe()
    pid = posix.fork()
    if pid == 0:
        protection.end_with_parent()
        run_trial(write, try_site_modules, *arguments)
    posix.close(write)
    content = read_in_time(read, LONGEST_TRIAL)
    if content is None:
        posix.kill(pid, 9)
    posix.waitpid(pid, 0)
    posix.close(read)
    try:
        return marshal.loads(content)
    except (EOFError, ValueError, TypeError):
        raise PlainStart('a site module does not end')
