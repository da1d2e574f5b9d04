"""What the names of a module stand for: a module that changes those of others is not shared."""
import _operator

CONTAINERS = (dict, list, set)


class Contents:
    """What a module's names stood for, and how much was in its lists, sets and dictionaries."""

    def __init__(self, names):
        self.names = {key: (value, len(value) if type(value) in CONTAINERS else 0) for key, value in list(names.items())}
        self.values = tuple(names.values())
        self.containers = [value for value in self.values if type(value) in CONTAINERS]
        self.sizes = list(map(len, self.containers))

    def is_same(self, names):
        return (len(names) == len(self.values) and all(map(_operator.is_, names.values(), self.values))
                and list(map(len, self.containers)) == self.sizes)
