"""Whether the library is still as it was when the fork server was ready: a script, or a module of the site's own, may have
changed it, and a shared module could have read that on import."""
import sys

from .memory import LONGEST_READ, MOST_RANGES, Memory
from .memory_table import MemoryTable
from .parts import Walk, is_of_package

UNWATCHED = ('sys', '__main__')  # whose names are recorded in the trial


class LibraryState:
    """What each module holds, as it was when it was remembered."""

    def __init__(self):
        self.memory = create_memory()
        self.blocks = {}  # name of a module: its Blocks
        self.table = None  # what was in them
        self.entries = {}  # name of a module: the places of its blocks in the table
        self.places = {}  # id of an object: its blocks
        self.asked = {}  # name of a module: parts that are in no memory that is known
        self.changed = set()  # names of modules, one of whose `asked` is another one
        self.with_errors = frozenset()  # modules that hold exceptions, which refer to those that their importer handles
        self.startup = ()

    def remember(self, startup, hidden):
        """`hidden`: in the order of the ends of their imports, so that what a module has made is its own."""
        if self.memory is None:
            return
        self.blocks, self.places, self.asked = {}, {}, {}
        self.startup = [name for name in startup if name not in UNWATCHED]
        loaded = dict(startup)
        loaded.update((each.name, each.module) for each in hidden)
        walk, parts = Walk(loaded), {}
        for name, module in loaded.items():
            if name not in UNWATCHED and not is_of_package(name):
                for part in walk.parts_of(name, module):
                    parts.setdefault(part.owner, []).append(part)
        self.with_errors = frozenset(name for name, found in parts.items() if any(issubclass(each.kind, BaseException) for each in found))
        for name, found in parts.items():
            self.blocks[name] = list(self.blocks_of(found))
            self.asked[name] = [each for each in found if each.is_asked]
        self.keep_all()

    def keep_all(self):
        blocks = [each for found in self.blocks.values() for each in found]
        self.table = MemoryTable(self.memory, [each.ranges() for each in blocks])
        for block, entry in zip(blocks, self.table.entries):
            block.begin(self.table, entry)
        self.entries = {name: [each.entry for each in found] for name, found in self.blocks.items()}

    def blocks_of(self, parts):
        pieces, size = [], 0
        for part in parts:
            part.ranges = self.memory.ranges_of(part.each)
            for address, length in part.ranges:
                while length > 0:
                    taken = min(length, LONGEST_READ)
                    if size + taken > LONGEST_READ or len(pieces) == MOST_RANGES:
                        yield self.create_block(pieces)
                        pieces, size = [], 0
                    pieces.append((address, taken, part))
                    size += taken
                    address, length = address + taken, length - taken
        if pieces:
            yield self.create_block(pieces)

    def create_block(self, pieces):
        block = Block(pieces)
        for part in block.parts():
            self.places.setdefault(id(part.each), []).append(block)
        return block

    def is_same(self, names):
        """Whether all that these modules hold is as it was. In doubt it is not."""
        return self.memory is not None and all(
            self.table.is_same(entry) or self.means_the_same(name, number)
            for name in names for number, entry in enumerate(self.entries.get(name, ()))) and all(map(self.answers_the_same, names))

    def answers_the_same(self, name):
        if any([each.renew() for each in self.asked.get(name, ())]):
            self.changed.add(name)  # it is the same again only if all is put back
        return name not in self.changed

    def means_the_same(self, name, number):
        block = self.blocks[name][number]
        is_same = block.means_the_same()
        if block.table is not self.table:
            self.entries[name][number] = MemoryTable.NONE  # it has a table of its own now
        return is_same

    def is_startup_same(self):
        return self.is_same(self.startup)

    def accept(self, each):
        """An object has been changed by the fork server's own code, for the script."""
        for block in self.places.get(id(each), ()):
            block.accept(each)


class Block:
    """Some memory of one module: `pieces` are of the form (address, size, part)."""

    __slots__ = ('pieces', 'table', 'entry', 'has_changed')

    def __init__(self, pieces):
        self.pieces = pieces
        self.has_changed = False  # it is the same again only if all is put back

    def begin(self, table, entry):
        self.table = table
        self.entry = entry
        self.keep()

    def keep(self):
        if not self.table.keep(self.entry):
            self.has_changed = True

    def ranges(self):
        return [(address, size) for address, size, _ in self.pieces]

    def parts(self):
        return {id(part): part for _, _, part in self.pieces}.values()

    def changed_parts(self):
        """Those of which something is another now. Only they are looked at as objects, which copies their pages."""
        both = self.table.kept_and_now(self.entry)
        if both is None:
            return self.parts()
        kept, now = both
        at, changed = 0, {}
        for _, size, part in self.pieces:
            if now[at:at + size] != kept[at:at + size]:
                changed[id(part)] = part
            at += size
        return changed.values()

    def means_the_same(self):
        """Whether what has changed has no meaning, such as a name that was set and deleted again."""
        if self.has_changed:
            return False
        if self.table.is_same(self.entry):
            return True
        changed = self.changed_parts()
        if any([part.renew() or part.is_opaque for part in changed]):
            self.has_changed = True
            return False
        moved = [part for part in changed if self.has_moved(part)]
        if moved:
            self.follow(moved)
        else:
            self.keep()
        return not self.has_changed

    def has_moved(self, part):
        """Whether it keeps what it holds in other memory now, which is not in the table."""
        return self.table.memory.ranges_of(part.each) != part.ranges

    def follow(self, moved):
        """Makes a table of what these parts keep where they keep it now, and of all others."""
        memory = self.table.memory
        pieces = [each for each in self.pieces if each[2] not in moved]
        for part in moved:
            part.ranges = memory.ranges_of(part.each)
            pieces += [(address, size, part) for address, size in part.ranges]
        self.pieces = pieces
        if len(pieces) > MOST_RANGES or sum(size for _, size, _ in pieces) > LONGEST_READ:
            self.has_changed = True
            return
        table = MemoryTable(memory, [self.ranges()])
        self.begin(table, table.entries[0])

    def accept(self, each):
        """Takes what this object holds now. What else has changed is found later."""
        at = 0
        for address, size, part in self.pieces:
            if part.each is each and not self.has_changed:
                part.renew()
                self.has_changed = self.has_moved(part)
                if not self.has_changed:
                    self.table.keep_piece(self.entry, at, address, size)
            at += size


def create_memory():
    """`None` where objects cannot be compared: this CPython is another one, or the system does not allow it."""
    try:
        memory = Memory()
        return memory if memory.can_see() else None
    except (ImportError, OSError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
        return None
