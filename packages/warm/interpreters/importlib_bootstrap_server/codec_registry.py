"""What `codecs.register()` and `codecs.register_error()` change: tables of the interpreter, which have no name."""
import codecs
import encodings
import gc


class CodecRegistry:
    def __init__(self):
        self.tables = None, None

    def find(self):
        """Among all objects: those that refer to what Python itself has registered."""
        search, handler = encodings.search_function, codecs.lookup_error('strict')
        lists = [each for each in gc.get_referrers(search) if type(each) is list and each[0] is search]
        tables = [each for each in gc.get_referrers(handler) if type(each) is dict and each.get('strict') is handler]
        self.tables = lists[0] if len(lists) == 1 else None, tables[0] if len(tables) == 1 else None

    def content(self):
        """Where a table is not known, something that is never the same."""
        search_path, error_handlers = self.tables
        if search_path is None or error_handlers is None:
            return object()
        return [*map(id, search_path), *[(name, id(handler)) for name, handler in error_handlers.items()]]
