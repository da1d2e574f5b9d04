"""The variable COMMON_GATEWAY_WARM: `NAME=VALUE;...`, as server-command.ts writes it."""
from .reasons import PlainStart


class Settings:
    def __init__(self, text):
        values = dict(entry.partition('=')[::2] for entry in text.split(';'))
        if values.get('version') != '1':
            raise PlainStart('it needs version 1 of the protocol')
        self.modules = [name for name in values.get('modules', '').split(',') if name]
        limit = values.get('cpu', '-')
        self.cpu_time_limit = None if limit == '-' else int(limit)
        self.program = values.get('program')  # `DEVICE:INODE`, or `shim`
        # Whether each of the files that decide which interpreter runs was there before this process was started.
        self.decisive = {unescape(entry[1:]): entry[:1] == '+' for entry in values.get('decisive', '').split('\n') if entry}


def unescape(text):
    first, *rest = text.split('%')
    return first + ''.join(chr(int(each[:2], 16)) + each[2:] for each in rest)
