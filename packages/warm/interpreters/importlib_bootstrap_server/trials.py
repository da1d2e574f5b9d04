"""Tries modules, or the modules of a site, in a process of their own, and reports what has been found out."""
import marshal
import posix
import sys

from .import_graph import closure_of
from .library import origin_of
from .plain_values import plain_values
from .snapshot import Snapshot
from .trial import Trial
from .twin import run_twin


def try_modules(library, candidates, known_edges, begin):
    """Loads the candidates, {name: origin}, and returns what has been found out. `begin()` is called in the twin."""
    twin = run_twin(begin, run_trial, explore, library, candidates, known_edges)
    changed = frozenset(twin['changed'])
    trial = load_candidates(library, candidates, known_edges, Snapshot(changed.__contains__, True) if changed else None)
    for name in trial.edges:
        values, others = plain_values(name, sys.modules.get(name)), twin['values'].get(name, {})
        different = [key for key in {**values, **others} if values.get(key) != others.get(key)]
        if different:
            trial.reasons.setdefault(name, 'gets other values in each import: %s' % different[0])
    for name, reason in twin['reasons'].items():
        trial.reasons.setdefault(name, reason)
    return report_of(trial, candidates)


def explore(library, candidates, known_edges):
    """What a twin finds: the values that modules get, and the modules in which something has changed at the end."""
    trial = load_candidates(library, candidates, known_edges, Snapshot(lambda name: True, False), is_twin=True)
    return {
        'values': {name: plain_values(name, sys.modules.get(name)) for name in trial.edges},
        'changed': trial.snapshot.changed(),
        'reasons': trial.reasons,
    }


def load_candidates(library, candidates, known_edges, snapshot, is_twin=False):
    import warnings  # first: the loader needs it
    trial = Trial(library, known_edges, is_twin)
    with trial:
        trial.begin(snapshot)
        for name in candidates:
            error = trial.load(name)
            if error is not None:
                trial.reasons.setdefault(name, 'fails in the trial: %s: %s' % (type(error).__name__, error))
        trial.end()
    return trial


def report_of(trial, candidates):
    reasons = dict(trial.unclear)
    reasons.update(trial.reasons)
    for name in trial.edges:
        module = sys.modules.get(name)
        origin = origin_of(module)
        text = trial.library.refusal(name, origin)
        if name in candidates and origin != candidates[name]:
            text = 'it is another file than in the request'
        if name.startswith('encodings.'):
            text = 'Python keeps it in a table of codecs'
        if text is not None or type(module) not in (type(sys), trial.package_class):
            reasons.setdefault(name, text or 'it is no ordinary module')
    for name, changed in trial.changes.items():
        for each in changed:
            # Of no matter where a module is never loaded without the one that changes it.
            if each != name and name not in closure_of(each, trial.edges, trial.edges):
                reasons.setdefault(name, 'changes %s' % each)
    pure = []
    for name in {**candidates, **sys.modules}:  # in the order of the trial
        if name in trial.edges and name not in reasons and not any(each in reasons for each in closure_of(name, trial.edges, trial.edges)):
            pure.append(name)
    return {
        'modules': pure,
        'reasons': reasons,
        'variables': {name: list(variables) for name, variables in trial.variables.items()},
        'not_found': list(trial.not_found),
        'registries': list(trial.grown),
        'reads': {name: list(names) for name, names in trial.interpreter_reads.reads.items()},
    }


def run_trial(pipe, function, *arguments):
    """Writes what a function returns, or why it has failed, to the pipe, and ends this process."""
    try:
        report = function(*arguments)
    except BaseException as error:
        report = {'failure': '%s: %s' % (type(error).__name__, error)}
    try:
        write_report(pipe, report)
    finally:
        posix._exit(0)


def write_report(pipe, report):
    content = marshal.dumps(report)
    while content:
        content = content[posix.write(pipe, content):]


def try_site_modules(library, customs, lines):
    """Runs sitecustomize, usercustomize and lines of .pth files again, and returns what they read and do."""
    for name, module in list(sys.modules.items()):
        if name in customs or (origin_of(module) or '').startswith(tuple(library.site_folders)):
            del sys.modules[name]
    import warnings  # first: the loader needs it
    trial = Trial(library, {})
    # Python runs these files in a plain run, too, before the script can have changed something.
    trial.inherited = ('changes ', 'sets ', 'registers ', 'looks at the frames ', 'uses __main__', 'reads the filters ')
    with trial:
        trial.begin()
        trial.context = 'a .pth file'
        for line in lines:
            try:
                exec(line)
            except Exception:
                pass
        for trial.context in customs:
            trial.load(trial.context)
        trial.end()
    return {'reasons': trial.reasons, 'files': [str(path) for path in trial.files]}
