"""Many blocks of memory, and what was in them when they were kept. A comparison touches two stretches of memory only: a
reference to an object of Python for each block, counted up, would copy its page."""


class MemoryTable:
    """An entry is the place of a block in the table: (place of its ranges, their number, place of what was in them, its size)."""

    NONE = 0, 0, 0, -1  # an entry that is never the same

    def __init__(self, memory, blocks):
        """`blocks`: for each, its ranges, of the form (address, size)."""
        self.memory = memory
        self.ranges = memory.create_array(sum(map(len, blocks)) * memory.RANGE)
        self.kept = memory.create_array(sum(size for ranges in blocks for _, size in ranges))
        self.ranges_address, self.kept_address = memory.address_of(self.ranges), memory.address_of(self.kept)
        self.entries, ranges_at, kept_at = [], 0, 0
        for ranges in blocks:
            content, size = memory.pack(ranges), sum(size for _, size in ranges)
            memory.copy(memory.pointer(self.ranges_address + ranges_at), content, len(content))
            self.entries.append((ranges_at, len(ranges), kept_at, size))
            ranges_at, kept_at = ranges_at + len(content), kept_at + size

    def fetch(self, entry):
        """Reads what is there now into the buffer. Returns whether it can be read."""
        ranges_at, count, _, size = entry
        return self.memory.fetch(self.memory.pointer(self.ranges_address + ranges_at), count, size)

    def is_same(self, entry):
        memory = self.memory
        return self.fetch(entry) and memory.is_equal(memory.pointer(self.kept_address + entry[2]), entry[3])

    def keep(self, entry):
        """Takes what is there now. Returns whether it can be read."""
        memory = self.memory
        if not self.fetch(entry):
            return False
        memory.copy(memory.pointer(self.kept_address + entry[2]), memory.buffer, entry[3])
        return True

    def keep_piece(self, entry, at, address, size):
        """Takes what one of its ranges, which begins at `at` of its content, has now."""
        memory = self.memory
        memory.copy(memory.pointer(self.kept_address + entry[2] + at), memory.pointer(address), size)

    def kept_and_now(self, entry):
        """Both as bytes, or `None`."""
        memory, size = self.memory, entry[3]
        if not self.fetch(entry):
            return None
        now = memory.content(size)
        memory.copy(memory.buffer, memory.pointer(self.kept_address + entry[2]), size)
        return memory.content(size), now
