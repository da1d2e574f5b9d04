"""What the fork server needs of the interpreter, and what the interpreter had of the script's command line."""
import atexit
import posix
import sys
import time

import _frozen_importlib

from .reasons import PlainStart

# Private names of CPython that this package uses. A version without one of them starts scripts plainly.
NEEDED = (
    (_frozen_importlib, '_find_and_load_unlocked'), (_frozen_importlib, '_find_spec'),
    (_frozen_importlib, '_load_unlocked'), (_frozen_importlib, '_gcd_import'),
    (_frozen_importlib, '_calc___package__'), (_frozen_importlib, '_resolve_name'),
    (atexit, '_run_exitfuncs'), (atexit, '_clear'), (atexit, '_ncallbacks'), (posix, 'environ'), (posix, 'wait4'),
)
UNUSUAL_FLAGS = ('inspect', 'interactive', 'verbose', 'debug', 'dev_mode')
UNUSUAL_X_OPTIONS = ('importtime', 'tracemalloc', 'showrefcount', 'dump_refs', 'presite')


def check_interpreter():
    """Throws `PlainStart` for an interpreter that this package does not know, or that is told to do more than run."""
    if sys.implementation.name != 'cpython' or not (3, 9) <= sys.version_info < (3, 15):
        raise PlainStart('it needs CPython 3.9 to 3.14')
    if 't' in sys.abiflags:
        raise PlainStart('it needs a CPython with its global interpreter lock')
    for owner, name in NEEDED:
        if not hasattr(owner, name):
            raise PlainStart('it needs %s of CPython' % name)
    for name in UNUSUAL_FLAGS:
        if getattr(sys.flags, name):
            raise PlainStart('the flag %s of Python' % name)
    for name in UNUSUAL_X_OPTIONS:
        if name in sys._xoptions:
            raise PlainStart('flag -X %s' % name)
    if atexit._ncallbacks() > 0:
        raise PlainStart('a site module has registered an exit function')


def check_program(expected):
    """Throws `PlainStart` where a wrapper has started the interpreter: it may do so in its own way each time."""
    status = posix.stat('/proc/self/exe')
    if expected not in ('shim', '%d:%d' % (status.st_dev, status.st_ino)):
        raise PlainStart('its interpreter is started by another program')


def start_time():
    """When this process was started, in seconds since the epoch: files are read from then on."""
    with open('/proc/self/stat', 'rb') as file:
        ticks = int(file.read().rpartition(b')')[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / posix.sysconf('SC_CLK_TCK')
    return time.time() - age


def take_script_arguments():
    """Makes `sys.argv`, `sys.orig_argv` and `sys.path[0]` those of the script. Returns it as it was given, and its folder."""
    script = sys.argv[1]
    folder = real_path(script).rpartition('/')[0] or '/'
    sys.argv[:] = [script]
    if hasattr(sys, 'orig_argv'):  # from 3.10 on
        sys.orig_argv[-2:] = [script]
    is_isolated = getattr(sys.flags, 'safe_path', sys.flags.isolated)
    if not is_isolated:
        sys.path[0] = folder  # config_run_main() of Modules/main.c resolves links, too
    return script, folder


def real_path(path):
    """Like `os.path.realpath()`, which is not there under -S."""
    try:
        descriptor = posix.open(path, posix.O_RDONLY)
    except OSError as error:
        raise PlainStart('it cannot be read: ' + error.strerror)
    try:
        return posix.readlink('/proc/self/fd/%d' % descriptor)
    finally:
        posix.close(descriptor)
