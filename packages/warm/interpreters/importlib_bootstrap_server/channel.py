"""The descriptors between the application and its fork server."""
import _socket
import posix
import sys

LONGEST_MESSAGE = 100_100  # bytes; the sender's limit is 100,000. Below malloc's threshold for a mapping of its own
DESCRIPTORS = 3
SPACE = _socket.CMSG_SPACE(DESCRIPTORS * 4)


class Channel:
    """The control socket, whose messages are requests, and the pipe for status lines."""

    def __init__(self):
        """Moves both away from descriptors 0 and 1, where modules that are loaded here could use them."""
        self.control = _socket.socket(fileno=posix.dup(0))
        self.status = posix.dup(1)
        null = posix.open('/dev/null', posix.O_RDONLY)
        posix.dup2(null, 0)
        posix.close(null)
        posix.dup2(2, 1)

    def receive(self):
        """The next request: its text and descriptors. `None` when the application has closed its end."""
        text, ancillary, _, _ = self.control.recvmsg(LONGEST_MESSAGE, SPACE)
        descriptors = [int.from_bytes(content[at:at + 4], sys.byteorder)
                       for _, _, content in ancillary for at in range(0, len(content) - 3, 4)]
        return (text, descriptors) if text else None

    def tell(self, *fields):
        """Writes a status line: at most PIPE_BUF bytes in one write, so that lines of children do not mix with it."""
        line = b' '.join(field if isinstance(field, bytes) else str(field).encode('utf-8', 'replace') for field in fields)
        try:
            posix.write(self.status, line.replace(b'\n', b' ')[:1000] + b'\n')
        except OSError:
            posix._exit(0)  # the application has ended
