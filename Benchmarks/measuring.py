"""Takes and prints the figures of `bench`, and reads its arguments."""
import argparse, pathlib, re, statistics, subprocess, tempfile, time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SCRATCH = tempfile.mkdtemp(prefix='vitrine-bench.')


def read_arguments(description):
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('groups', nargs='*')
    peer = arguments.add_mutually_exclusive_group(required=True)
    peer.add_argument('--peer', help="the folder of the peer's scripts")
    peer.add_argument('--before', type=pathlib.Path, help='a clone with the release build of another version, which takes the place of the peer')
    arguments.add_argument('--lab', default='/tmp/lab')
    arguments.add_argument('--state', default='/tmp/vitrine-bench', type=pathlib.Path)
    arguments.add_argument('--seconds', type=int, default=4, help='length of one measurement')
    arguments.add_argument('--turns', type=int, default=3)
    arguments.add_argument('--gigabytes', type=int, default=4, help='size of the image for uploads and downloads')
    arguments.add_argument('--images', type=int, default=100000)
    arguments.parse_args(namespace=A)


A = argparse.Namespace()


def milliseconds(text):
    number, unit = re.match(r'([\d.]+)(us|ms|s|m)$', text).groups()
    return float(number) * {'us': 1e-3, 'ms': 1, 's': 1e3, 'm': 6e4}[unit]


def load(server, path, connections=8, token=None, lua=None, seconds=None, per=1):
    """Returns requests a second, and the median time of one in ms."""
    command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds or A.seconds}s', '--timeout', '120s', '--latency',
               '-H', f'X-Auth-Token: {token or server.admin}']
    if lua:
        script = pathlib.Path(SCRATCH, 'load.lua')
        script.write_text('local headers = {["X-Auth-Token"]=wrk.headers["X-Auth-Token"], ["Content-Type"]="application/json"}\n' + lua)
        command += ['-s', str(script)]
    out = subprocess.run(command + [server.base + path], capture_output=True, text=True, timeout=600).stdout
    bad = re.search(r'Non-2xx or 3xx responses: (\d+)', out)
    if bad:
        print(f'  ! {server.name} {path}: {bad[1]} answers were errors')
    rate = float(re.search(r'Requests/sec:\s+([\d.]+)', out)[1]) / per
    return rate, milliseconds(re.search(r'^\s+50%\s+(\S+)', out, re.M)[1])


def in_turns(*measurements):
    """Runs the measurements alternately, several times, and returns the median of each."""
    results = [[] for _ in measurements]
    for _ in range(A.turns):
        for place, measure in enumerate(measurements):
            results[place].append(measure())
    return [statistics.median(values) for values in results]


def row(what, ours, theirs, unit, aims=(), more=''):
    ratio = f'{ours / theirs:8.1f} x' if theirs else ' ' * 10
    theirs = f'{theirs:12.1f}' if theirs else ' ' * 12
    verdict = '  '.join(f'{text}: {"reached" if reached else "MISSED"}' for text, reached in aims)
    print(f'{what:<46} {ours:12.1f} {theirs} {ratio} {unit:<7} {verdict} {more}'.rstrip(), flush=True)


def curl(*words):
    began = time.monotonic()
    status = subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', *words], capture_output=True, text=True, check=True).stdout
    if status not in ('200', '201', '204'):
        raise SystemExit(f'curl {words}: {status}')
    return time.monotonic() - began


def big_file():
    """Returns the file for uploads and downloads, and its size in bytes."""
    file = pathlib.Path(A.lab, f'bench-{A.gigabytes}g')
    size = A.gigabytes << 30
    if not file.exists() or file.stat().st_size != size:
        with open(file, 'wb') as out, open('/dev/urandom', 'rb') as source:
            for _ in range(A.gigabytes * 64):
                out.write(source.read(16 << 20))
    return file, size


def warm(file):
    """Reads the file into the page cache, and writes all dirty pages to the disk."""
    subprocess.run(['cat', str(file)], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(['sync'], check=True)
