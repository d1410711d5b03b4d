"""Runs OpenStack's clients, each call in a child of its own: importing them takes a second of a processor, and a fork much less.

Argument: the path of a UNIX socket, which this program makes. For each connection it reads a line of JSON: `program` and its `arguments`, the
whole `environment`, the files `input`, `output` and `errors` of the child, and the `seconds` after which SIGALRM ends it. It answers with the
child's status as wait(2) gives it. Programs: `openstack`, `glance`, and `python3` with `-c` or a script.
"""
import gc, importlib.metadata, json, os, runpy, signal, socket, sys

# The openstack client takes its name from there when it is imported.
path, sys.argv = sys.argv[1], ["openstack"]
import cliff.command, glanceclient.shell, glanceclient.v1.client, glanceclient.v1.shell, glanceclient.v2.client, glanceclient.v2.shell
import openstackclient.shell

MAINS = {"openstack": openstackclient.shell.main, "glance": glanceclient.shell.main}


def load_plugins():
    """Imports commands, formats and ways of authentication, which the clients find as plugins."""
    known = importlib.metadata.entry_points()
    for group in known.groups:
        if group.startswith(("cliff.formatter", "keystoneauth1.plugin", "openstack")):
            for entry in known.select(group=group):
                try:
                    entry.load()
                except Exception:
                    pass  # Some need libraries that are not installed.
    # A command's help names the package that it comes from: the client reads all of them, and keeps them.
    getattr(cliff.command, "_get_distributions_by_modules", lambda: None)()
    # A collection of garbage in a child would write to all pages, which it would no longer share then.
    gc.freeze()


def become(call):
    """Runs a program as if this process had just been started for it."""
    for number, name in enumerate(["input", "output", "errors"]):
        file = os.open(call[name], os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY | os.O_NOCTTY, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(call["environment"])
    folder = os.path.dirname(sys.executable)
    sys.argv = [f"{folder}/{call['program']}", *call["arguments"]]
    signal.alarm(call["seconds"])
    if call["program"] != "python3":
        sys.exit(MAINS[call["program"]]())
    if sys.argv[1] == "-c":
        script = sys.argv[2]
        sys.argv[:3] = ["-c"]
        module = sys.modules["__main__"] = type(sys)("__main__")
        exec(compile(script, "<string>", "exec"), module.__dict__)
    else:
        del sys.argv[0]
        sys.path[0] = os.path.dirname(sys.argv[0])
        runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()


def serve(connection):
    """Answers one connection, in a process of its own, which waits for the program's."""
    call = json.loads(connection.makefile().readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        connection.close()
        become(call)
    connection.sendall(b"%d\n" % os.waitpid(child, 0)[1])
    os._exit(0)


load_plugins()
listener = socket.socket(socket.AF_UNIX)
listener.bind(f"{path}.new")
listener.listen(128)
os.rename(f"{path}.new", path)
# The kernel forgets children that nobody waits for.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        serve(connection)
    connection.close()
