"""The lines of a script that only import: its head, by which it cannot have changed a module, and groups after that."""
from .compilation import compile_silently

ONLY_AST = 0x0400  # PyCF_ONLY_AST of Include/cpython/compile.h
IMPORTS = ('Import', 'ImportFrom', 'Pass', 'Global')
NONE, HEAD = -1, 0


class ImportLines:
    """The lines of the statements of a script that are in no other one."""

    def __init__(self, source, path):
        self.groups = {}  # line: HEAD, or the number of a group, between whose statements is nothing else
        self.sources = []  # (line, module) of names that are taken from a module: it can run code of its own there
        try:
            body = compile_silently(source, path, ONLY_AST)[0].body
        except (SyntaxError, ValueError, RecursionError):
            return
        group = HEAD
        for each in body:
            if group == HEAD and not is_harmless(each):
                group = 1
            if group == HEAD or is_import(each):
                for line in range(each.lineno, each.end_lineno + 1):
                    # Of two statements in a line, it is not known which one imports.
                    self.groups[line] = group if self.groups.get(line, group) == group else NONE
            else:
                group += 1
            self.sources += [(each.lineno, module) for module in sources_of(each)]

    def sources_between(self, first, last):
        """The modules from which names are imported in the lines from `first` to before `last`."""
        return [module for line, module in self.sources if first <= line < last]


def sources_of(node):
    """Of `from module import name`, and of `import module.name as other`."""
    if kind_of(node) == 'ImportFrom':
        return [node.module or '']
    if kind_of(node) != 'Import':
        return []
    paths = [each.name.split('.') for each in node.names if each.asname]
    return ['.'.join(path[:end]) for path in paths for end in range(1, len(path))]


def is_import(node):
    """Whether a statement does nothing but to import."""
    return kind_of(node) in IMPORTS or kind_of(node) == 'Expr' and kind_of(node.value) == 'Constant'


def is_harmless(node):
    """Whether a statement calls nothing and sets no attribute. Decorators and default values may call something."""
    kind = kind_of(node)
    if kind in IMPORTS:
        return True
    if kind == 'Expr':
        return is_value(node.value)
    if kind == 'Assign':
        return is_value(node.value) and all(kind_of(each) == 'Name' for each in node.targets)
    if kind in ('FunctionDef', 'AsyncFunctionDef'):
        values = [*node.args.defaults, *node.args.kw_defaults]
        return not node.decorator_list and not node.returns and not has_annotations(node.args) and all(
            each is None or is_value(each) for each in values)
    if kind == 'Try':
        handlers = [statement for each in node.handlers for statement in each.body]
        return all(each.type is None or is_value(each.type) for each in node.handlers) and all(
            map(is_harmless, [*node.body, *handlers, *node.orelse, *node.finalbody]))
    if kind == 'If':
        return is_value(node.test) and all(map(is_harmless, [*node.body, *node.orelse]))
    return False


def is_value(node):
    """Whether an expression only reads names and makes plain values."""
    kind = kind_of(node)
    if kind in ('Constant', 'Name'):
        return True
    if kind in ('Tuple', 'List'):
        return all(map(is_value, node.elts))
    if kind == 'Dict':
        return all(each is not None and kind_of(each) == 'Constant' for each in node.keys) and all(map(is_value, node.values))
    if kind == 'Compare':
        return kind_of(node.left) == 'Name' and node.left.id == '__name__' and all(
            kind_of(each) == 'Constant' for each in node.comparators)
    return False


def has_annotations(arguments):
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return any(each is not None and each.annotation is not None for each in every)


def kind_of(node):
    return type(node).__name__
