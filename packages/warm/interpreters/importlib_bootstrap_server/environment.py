"""The environment of the fork server, and that of each request."""
import posix
import sys

from .descriptors import read_file
from .reasons import PlainStart

SETTINGS = b'COMMON_GATEWAY_WARM'
REQUEST_VARIABLES = ('HTTP_', 'REDIRECT_', 'SSL_', 'REMOTE_', 'REQUEST_', 'SCRIPT_', 'SERVER_')
FURTHER_REQUEST_VARIABLES = frozenset((
    'AUTH_TYPE', 'CONTENT_LENGTH', 'CONTENT_TYPE', 'HTTPS', 'PATH_INFO', 'PATH_TRANSLATED', 'QUERY_STRING',
    'DOCUMENT_URI'))


def is_request_variable(name):
    """Whether a variable belongs to one request, as in server-key.ts."""
    return (name in FURTHER_REQUEST_VARIABLES or name.startswith(REQUEST_VARIABLES)) and name != 'SERVER_SOFTWARE'


def read_initial_environment():
    """The environment as it was given to this process, before Python or a site module changed it. `None` without /proc."""
    try:
        content = read_file('/proc/self/environ')
    except OSError:
        return None
    entries = (entry.partition(b'=') for entry in content.split(b'\0') if b'=' in entry)
    return {name: value for name, _, value in entries}


class Environment:
    """`posix.environ`, which is also the dictionary behind `os.environ`, together with C's own environment."""

    def __init__(self, initial):
        if initial is None:
            raise PlainStart('it needs /proc')
        self.settings = initial.pop(SETTINGS, b'').decode(sys.getfilesystemencoding(), 'surrogateescape')
        posix.environ.pop(SETTINGS, None)
        self.fixed = dict(posix.environ)
        self.is_by_shim = False
        # PEP 538 sets LC_CTYPE when the locale is C; sitecustomize may set more. A plain run has that in each request.
        self.set_by_python = {name: value for name, value in self.fixed.items() if initial.get(name) != value}
        self.unset_by_python = [name for name in initial if name not in self.fixed]

    def clear(self):
        """Children start from nothing, so that they have nothing to unset."""
        for name in list(posix.environ) + [SETTINGS]:
            posix.unsetenv(name)
        posix.environ.clear()

    def set_fixed(self):
        """What modules see that are loaded here: the variables that are no request's."""
        self._set(self.fixed.items())

    def set_request(self, entries):
        """The whole environment of a request, of `NAME=value` entries."""
        pairs = [entry.partition(b'=')[::2] for entry in entries]
        if self.is_by_shim:
            # The shim got the same fixed variables, and has changed some.
            self._set(self.fixed.items())
            pairs = [pair for pair in pairs if is_request_variable(pair[0].decode('utf-8', 'surrogateescape'))]
        elif self.set_by_python or self.unset_by_python:
            pairs = dict(pairs)
            pairs.update(self.set_by_python)
            for name in self.unset_by_python:
                pairs.pop(name, None)
            pairs = pairs.items()
        self._set(pairs)

    def _set(self, pairs):
        environ, putenv = posix.environ, posix.putenv
        for name, value in pairs:
            putenv(name, value)
            environ[name] = value
