"""What the scripts of the engines share: a folder, ports, programs that are started once and ended, and bounded waits.

An engine lies in one folder: data, `log/`, `run/NAME.pid`, `ports.json`, and `env`, whose lines `NAME=value` say what a client needs.
A process counts as the engine's only if the folder is in its command line or is its working folder, so a process id that the kernel has
given to another program is never signalled. Signals go through a pidfd, for the same reason.
"""
import argparse, contextlib, fcntl, json, os, pathlib, random, select, shutil, signal, socket, subprocess, sys, time

# The exit status of a script whose engine is not to be had on this machine.
NOT_HERE = 75


class Failed(Exception):
    """The reason why an engine does not start, in one sentence."""


class Engine:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()

    def path(self, name):
        return self.folder / name

    @contextlib.contextmanager
    def held(self, seconds=180):
        """Makes the folder, and keeps it for this script alone."""
        for name in "log", "run":
            self.path(name).mkdir(parents=True, exist_ok=True)
        with open(self.path(".lock"), "w") as lock:
            def is_locked():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
            wait(seconds, is_locked) or refuse(f"another script holds {self.folder}")
            yield

    def ports(self, *names):
        """A port of 127.0.0.1 for each name: those of the last start, or else free ones below the range that the system uses itself."""
        file = self.path("ports.json")
        known = json.loads(file.read_text()) if file.exists() else {}
        for name in names:
            while name not in known:
                port = random.randrange(20_000, 32_000)
                if port not in known.values() and is_free(port):
                    known[name] = port
        file.write_text(json.dumps(known))
        return known

    def write_env(self, **values):
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        self.path("env").write_text(text)
        return text

    # processes

    def process(self, name):
        """A pidfd of a running process of the engine; None if it does not run. The caller closes it."""
        with contextlib.suppress(OSError, ValueError):
            process = int(self.path(f"run/{name}.pid").read_text())
            descriptor = os.pidfd_open(process)
            if self.owns(process) and not ends(descriptor, 0):
                return descriptor
            os.close(descriptor)

    def owns(self, process):
        words = pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
        return f"{self.folder}/".encode() in words or os.readlink(f"/proc/{process}/cwd").removesuffix(" (deleted)") == str(self.folder)

    def runs(self, name):
        descriptor = self.process(name)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is not None

    def start(self, name, *command, **environment):
        """Starts a program in a session of its own, with the engine's folder as its working folder, unless it runs."""
        if self.runs(name):
            return
        with open(self.path(f"log/{name}.out"), "a") as output:
            child = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=os.environ | environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.path(f"run/{name}.pid").write_text(str(child.pid))

    def stop(self, name, number=signal.SIGTERM, seconds=20):
        """Ends a program, and kills it if it does not end in time. A frozen one goes on first."""
        descriptor = self.process(name)
        if descriptor is not None:
            for sent, patience in (signal.SIGCONT, 0), (number, seconds), (signal.SIGKILL, 10):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, sent)
                if ends(descriptor, patience):
                    break
            os.close(descriptor)
        self.path(f"run/{name}.pid").unlink(missing_ok=True)

    def until(self, seconds, what, condition, *names):
        """Waits for a condition, as long as the programs `names` run."""
        def is_over():
            for name in names:
                if not self.runs(name):
                    refuse(f"{name} ended: {self.tail(name)}")
            return condition()
        wait(seconds, is_over) or refuse(f"{what} within {seconds} s: it did not; see {self.path('log')}")

    def tail(self, name):
        return self.path(f"log/{name}.out").read_text(errors="replace")[-1500:]

    def run(self, *command, seconds=60, **options):
        """Runs a program of the engine's to its end, and returns what it said."""
        ended = subprocess.run(
            [str(word) for word in command], timeout=seconds, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.folder, **options)
        if ended.returncode != 0:
            refuse(f"{command[0]} failed: {(ended.stderr or ended.stdout)[-1500:]}")
        return ended.stdout

    def once(self, step):
        """Runs a step of the first start, unless it came to its end before."""
        mark = self.path(f"run/{step.__name__}.done")
        if not mark.exists():
            step()
            mark.touch()

    def watch(self, script, process):
        """Ends the engine and removes its folder when a process ends, however it ends."""
        if process:
            self.stop("watch")
            self.start("watch", sys.executable, script, "watch", ".", "--for", process)


def wait(seconds, condition):
    """Whether a condition comes true in time; it is looked at twenty times a second."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def ends(descriptor, seconds):
    """Whether the process of a pidfd ends in time, with all its threads."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def refuse(reason):
    raise Failed(reason)


def main(script, about, up, down, add_options=lambda parser: None):
    """The commands of an engine's script. `up(engine, options)` returns what it says, `down(engine)` ends what runs."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["up", "down", "watch"], help="watch is used by `up --for`")
    parser.add_argument("folder")
    parser.add_argument("--for", type=int, dest="owner", metavar="PROCESS", help="ends the engine, and removes its folder, when that process ends")
    parser.add_argument("--wipe", action="store_true", help="with `down`: removes its folder, too")
    add_options(parser)
    options = parser.parse_args()
    engine = Engine(options.folder)
    if options.command == "watch":
        with contextlib.suppress(ProcessLookupError):
            ends(os.pidfd_open(options.owner), 10**6)
        engine.path("run/watch.pid").unlink(missing_ok=True)
    if options.command != "up":
        if not engine.path("run").is_dir():
            return
        with engine.held():
            down(engine)
            engine.stop("watch")
            if options.wipe or options.command == "watch":
                shutil.rmtree(engine.folder)
        return
    try:
        with engine.held():
            print(up(engine, options), end="")
            engine.watch(script, options.owner)
    except Failed as failed:
        sys.exit(f"{engine.folder}: {failed}")
