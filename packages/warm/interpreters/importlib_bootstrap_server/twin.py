"""A second process that does the same, to find out what differs."""
import marshal
import posix
import sys
import time

import _signal
import select

from .descriptors import PIECE

TWIN_VARIABLE = b'HTTP_X_TWIN'
LONGEST = 150  # seconds: a busy machine is slow


def run_twin(begin, function, *arguments):
    """What a function returns in a fork of this process, which has one more argument and variable, and calls `begin()` first."""
    output, pipe = posix.pipe()
    process = posix.fork()
    if process == 0:
        begin()
        _signal.alarm(LONGEST)
        posix.close(output)
        sys.argv.append('twin')
        posix.environ[TWIN_VARIABLE] = b'1'
        function(pipe, *arguments)
        posix._exit(1)
    posix.close(pipe)
    content = read_in_time(output, LONGEST * 1000)
    if content is None:  # it has turned its timer off
        posix.kill(process, _signal.SIGKILL)
    posix.close(output)
    posix.waitpid(process, 0)
    if not content:
        raise RuntimeError('it does not end')
    report = marshal.loads(content)
    if 'failure' in report:
        raise RuntimeError(report['failure'])
    return report


def read_in_time(descriptor, longest):
    """What comes to the end, or `None` if that takes longer than `longest` milliseconds."""
    poll, pieces = select.poll(), []
    poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + longest / 1000
    while poll.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        piece = posix.read(descriptor, PIECE)
        if not piece:
            return b''.join(pieces)
        pieces.append(piece)
    return None
