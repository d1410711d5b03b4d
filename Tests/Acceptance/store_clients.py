"""OpenStack's own clients, for acceptance runs."""
import ctypes, json, os, pathlib, pty, signal, socket, subprocess, sys, time

SERVER = pathlib.Path(__file__).resolve().parents[1] / "TestSupport/clients.py"


class Clients:
    """Runs `openstack` and `glance`, each call forked from one process that has imported them."""

    def __init__(self, state, folder):
        self.state, self.folder, self.socket = state, folder, state / "clients.sock"
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(state), "LC_ALL": "C.UTF-8", "COLUMNS": "500"}

    def __enter__(self):
        # With other input than a terminal glance takes that for the image's data.
        self.terminal = pty.openpty()
        with open(self.state / "clients.log", "w") as log:
            self.server = subprocess.Popen(
                [self.folder / "python3", SERVER, self.socket], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM))  # PR_SET_PDEATHSIG
        while not self.socket.exists():
            if self.server.poll() is not None:
                sys.exit(f"the clients do not start: {(self.state / 'clients.log').read_text()[-1500:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        for end in self.terminal:
            os.close(end)

    def run(self, program, words, variables):
        """The exit status of a call, its output, and its errors."""
        output, errors = self.state / "clients.output", self.state / "clients.errors"
        for file in output, errors:
            file.unlink(missing_ok=True)
        call = {"program": program, "arguments": [str(word) for word in words], "environment": self.environment | variables,
                "input": os.ttyname(self.terminal[1]), "output": str(output), "errors": str(errors), "seconds": 180}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(json.dumps(call).encode() + b"\n")
            ended = int(connection.makefile().readline() or sys.exit("the clients' server is gone"))
        return os.waitstatus_to_exitcode(ended), output.read_text(), errors.read_text()
