"""PR_SET_DUMPABLE: other processes of the same user cannot trace the fork server or read its memory."""

PR_SET_DUMPABLE = 4


class Protection:
    """Calls C's `prctl()` by `_ctypes`: the module `ctypes` would make code at run time, which children then share."""

    def __init__(self):
        try:
            import _ctypes
            self.call = _ctypes.call_function
            self.prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), 'prctl')
        except (ImportError, OSError, AttributeError):
            self.prctl = None

    def set_dumpable(self, is_dumpable):
        """A child is made dumpable again, as each process is after exec: else it could not read its own /proc/self."""
        if self.prctl is not None:
            self.call(self.prctl, (PR_SET_DUMPABLE, is_dumpable, 0, 0, 0))
