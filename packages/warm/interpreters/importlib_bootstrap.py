"""A fork server for one CGI script: python3 FLAGS importlib_bootstrap.py SCRIPT.

Standard input is the control socket, standard output takes the status lines (see server.py).
The name matters. `warnings` does not count the frames of files whose name has "importlib" and "_bootstrap" in it
(`_is_internal_frame()` of Lib/warnings.py, `is_internal_frame()` of Python/_warnings.c), so a warning of the script is
attributed to the line that it has in a plain run. All files of the package beside this one have such a name.
"""
main_globals = dict(globals())  # before any import: what Python puts into `__main__` by itself, in each version

import sys

startup_modules = dict(sys.modules)


def load_server():
    """Imports the package beside this file. The script sees no trace of it, and no __pycache__ is written.

    Returns its module `server`, the environment, and the protection of this process, which comes before the rest, since that
    takes time. A protected process cannot read its environment, unless it is of root.
    """
    folder = __file__.rpartition('/')[0]
    path, writes_no_bytecode = list(sys.path), sys.dont_write_bytecode
    loader, own_builtins = type(__loader__), dict(vars(__builtins__))
    execute = loader.exec_module

    def execute_with_own_builtins(self, module):
        """A script may replace built-in functions, such as `len()`."""
        module.__builtins__ = own_builtins
        execute(self, module)

    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    loader.exec_module = execute_with_own_builtins
    try:
        from importlib_bootstrap_server.environment import read_initial_environment
        from importlib_bootstrap_server.protection import Protection
        environment = read_initial_environment()
        protection = Protection()
        from importlib_bootstrap_server import server
    finally:
        del loader.exec_module  # it is inherited
        sys.path[:] = path
        sys.dont_write_bytecode = writes_no_bytecode
        sys.path_importer_cache.pop(folder, None)
    return server, environment, protection


def serve():
    server, environment, protection = load_server()
    return server.serve(startup_modules, main_globals, environment, protection)


serve().run()
