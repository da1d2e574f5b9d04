"""Finds the modules to whose attributes a script assigns: what is imported after that could use them on import."""

from .compilation import compile_silently

ONLY_AST = 0x0400  # PyCF_ONLY_AST of Include/cpython/compile.h
SETTERS = ('setattr', 'delattr', 'vars')


def assigned_modules(source, path):
    """The names of modules, as far as the text tells them. `sys` is left out: its attributes are looked at anyway."""
    try:
        nodes = list(nodes_of(compile_silently(source, path, ONLY_AST)[0]))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    imported = {}
    for node in nodes:
        imported.update(names_of_import(node))
    found = {resolve(owner, imported) for node in nodes for owner in owners_of(node)}
    return found - {None, 'sys'}


def nodes_of(tree):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            for each in value if isinstance(value, list) else (value,):
                if hasattr(each, '_fields'):
                    waiting.append(each)


def kind_of(node):
    return type(node).__name__


def names_of_import(node):
    """The names that an import statement binds: (name, module)."""
    kind = kind_of(node)
    if kind == 'Import':
        for each in node.names:
            yield (each.asname, each.name) if each.asname else (each.name.partition('.')[0],) * 2
    elif kind == 'ImportFrom' and not node.level and node.module:
        for each in node.names:
            yield each.asname or each.name, node.module + '.' + each.name


def owners_of(node):
    """The expressions whose attributes a node sets or deletes."""
    kind = kind_of(node)
    if kind == 'Attribute' and kind_of(node.ctx) != 'Load':
        yield node.value
    elif kind == 'Subscript' and kind_of(node.ctx) != 'Load':
        if kind_of(node.value) == 'Attribute' and node.value.attr == '__dict__':
            yield node.value.value
    elif kind == 'Call' and kind_of(node.func) == 'Name' and node.func.id in SETTERS and node.args:
        yield node.args[0]


def resolve(node, imported):
    """The dotted name of an expression that starts with an imported name, or `None`."""
    attributes = []
    while kind_of(node) == 'Attribute':
        attributes.append(node.attr)
        node = node.value
    if kind_of(node) != 'Name' or node.id not in imported:
        return None
    return '.'.join([imported[node.id], *reversed(attributes)])
