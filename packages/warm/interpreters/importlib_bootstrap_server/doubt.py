"""What a child tells the fork server by memory that they share: a descriptor would be seen by the script."""
import mmap

BYTES = mmap.PAGESIZE


class Doubt:
    """A reason why the script is started plainly from now on."""

    def __init__(self):
        self.memory = mmap.mmap(-1, BYTES)

    def tell(self, reason):
        content = reason.encode('utf-8', 'surrogateescape')[:BYTES - 1]
        self.memory[:len(content) + 1] = content + b'\0'

    def reason(self):
        """`None`: there is no doubt."""
        return self.memory[:].partition(b'\0')[0].decode('utf-8', 'replace') or None
