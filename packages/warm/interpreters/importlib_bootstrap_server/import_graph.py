"""What the import of a module loads, by what each module imports: `edges` is {name: {imported name: None}}."""

NONE = {}


def closure_of(name, edges, names, owners=NONE):
    """All modules of `names` that the import of a module loads, itself left out, in the order of the ends of their imports.

    `owners`: {key: name of the module that makes it} of further entries of `sys.modules`, which are given at their places.
    """
    _, ended = imports_of(name, edges, names, owners)
    del ended[name]
    return tuple(ended)


def imports_of(name, edges, names, owners=NONE):
    """The same in the order of the begins and in that of the ends of their imports."""
    begun, ended = {}, {}

    def load(each):
        package = each.rpartition('.')[0]
        if package in names and package not in begun:
            load(package)
        if each in begun:
            return
        begun[each] = None
        for found in edges.get(each, ()):
            if found in names and found not in begun:
                load(found)
            elif owners.get(found) == each:
                ended[found] = None
        ended[each] = None

    load(name)
    return begun, ended


def find_first(closures, edges):
    """{name: the one that was imported first} of modules that import each other: it gets the others when they are complete.

    `closures`: {name: set of names}. The names of `edges` are in the order in which the imports began.
    """
    order = {name: number for number, name in enumerate(edges)}
    first = {}
    for name, closure in closures.items():
        group = [each for each in closure if name in closures.get(each, ())]
        if group:
            first[name] = min((name, *group), key=order.__getitem__)
    return first


def needed_before(name, edges, names, first):
    """The modules that must be there before, since the import would begin with another one of those that import each other."""
    begun, _ = imports_of(name, edges, names)
    needed, seen = [], set()
    for each in begun:
        entry = first.get(each)
        if entry is not None and entry not in seen:
            seen.add(entry)
            if entry != each:
                needed.append(entry)
    return tuple(needed)
