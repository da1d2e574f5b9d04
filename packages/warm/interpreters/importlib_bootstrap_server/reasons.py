"""Why a fork server ends before it has run anything."""


class PlainStart(Exception):
    """This script is never started warm with this content."""


class TooYoung(Exception):
    """A file may have been written again since it was read, without a new time stamp."""
