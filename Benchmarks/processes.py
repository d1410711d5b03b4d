"""The processes of a service that a benchmark started, and the CPU time that they took."""
import pathlib


def family(roots):
    """The processes of some programs, with all that they started."""
    children = {}
    for folder in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            parent = int((folder / 'stat').read_text().rsplit(')', 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, rest = [], list(roots)
    while rest:
        process = rest.pop(0)
        found.append(process)
        rest += children.get(process, [])
    return found


def named(roots, names):
    """Those of a family with one of some names."""
    found = []
    for process in family(roots):
        try:
            name = pathlib.Path(f'/proc/{process}/comm').read_text().strip()
        except OSError:
            continue
        if name in names:
            found.append(process)
    return found


def cpu(some):
    """Microseconds that the threads of some processes ran, by the kernel's own clock of each."""
    threads = [thread for process in some for thread in pathlib.Path(f'/proc/{process}/task').iterdir()]
    return sum(int((thread / 'schedstat').read_text().split()[0]) for thread in threads) / 1000
