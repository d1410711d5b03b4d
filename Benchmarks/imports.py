"""Measures imports: a download from the web against an upload, a copy between stores against the disk."""
import contextlib, pathlib, signal, subprocess, time

from measuring import A, SCRATCH, big_file, curl, in_turns, row, warm
from servers import run

PORT = 9297
CONFIGURATION = '''[vitrine]
identity = tokens
token_file = {state}/tokens.yaml
[DEFAULT]
enabled_backends = here:file, clone:file, apart:file
[glance_store]
default_backend = here
[here]
filesystem_store_datadir = {disk}/here
[clone]
filesystem_store_datadir = {disk}/clone
[apart]
filesystem_store_datadir = {state}/apart
[os_glance_staging_store]
filesystem_store_datadir = {disk}/staging
[import_filtering_opts]
allowed_hosts = 127.0.0.1
allowed_ports = {origin}
'''


def imports(ours, peer):
    file, size = big_file()
    megabytes = size / 1e6
    with origin(file) as (port, url), xfs(2 * size + (1 << 30)) as disk:
        # With its own database: the other site's glance-tasks would take its jobs, and does not have these stores.
        state = A.state / 'imports'
        state.mkdir()
        process, site = run('imports', state, PORT, CONFIGURATION.format(state=A.state, disk=disk, origin=port))
        try:
            measure(site, file, megabytes, url, disk)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def measure(site, file, megabytes, url, disk):
    def upload():
        warm(file)
        image = site.make(1, 'bench')[0]
        took = send(image)
        site.drop([image])
        return megabytes / took

    def send(image):
        return curl('-X', 'PUT', '-T', str(file), '-H', f'X-Auth-Token: {site.admin}', '-H', 'Content-Type: application/octet-stream',
                    f'{site.base}/v2/images/{image}/file')

    def download():
        warm(file)
        image = site.make(1, 'bench')[0]
        took = bring(site, image, {'method': {'name': 'web-download', 'uri': url}})
        site.drop([image])
        return megabytes / took

    def copy(image, store):
        subprocess.run(['sync'], check=True)
        took = bring(site, image, {'method': {'name': 'copy-image'}, 'stores': [store]})
        site.call('DELETE', f'/v2/stores/{store}/{image}')
        return took

    def disk_copy(image):
        subprocess.run(['sync'], check=True)
        target = A.state / 'apart' / 'ceiling'
        began = time.monotonic()
        subprocess.run(['dd', f'if={disk}/here/{image}', f'of={target}', 'bs=1M', 'conv=fsync'], check=True, stderr=subprocess.DEVNULL)
        took = time.monotonic() - began
        target.unlink()
        return took

    mine, other = in_turns(download, upload)
    row(f'web-download {A.gigabytes} GiB', mine, 0, 'MB/s', [("80 % of an upload's", mine >= 0.8 * other)], f'({mine / other:.0%} of {other:.0f})')
    image = site.make(1, 'bench')[0]
    send(image)
    if shares_blocks(disk):
        took = in_turns(lambda: copy(image, 'clone'))[0]
        row(f'copy-image {A.gigabytes} GiB, blocks shared', took * 1000, 0, 'ms', [('1 s', took < 1)])
    else:
        print('  (no file system here that shares blocks)')
    mine, top = in_turns(lambda: copy(image, 'apart'), lambda: disk_copy(image))
    row(f'copy-image {A.gigabytes} GiB to another disk', megabytes / mine, 0, 'MB/s', [('80 % of dd', mine <= top / 0.8)],
        f'({top / mine:.0%} of {megabytes / top:.0f})')
    site.drop([image])


def bring(site, image, body):
    """Seconds from an import's order to its end."""
    began = time.monotonic()
    site.call('POST', f'/v2/images/{image}/import', body)
    while True:
        shown = site.call('GET', f'/v2/images/{image}')
        if not shown.get('os_glance_importing_to_stores') and shown['status'] != 'importing':
            break
        time.sleep(0.01)
    if shown['status'] != 'active' or shown.get('os_glance_failed_import'):
        raise SystemExit(f'an import failed: {shown.get("os_glance_import_error")}')
    return time.monotonic() - began


@contextlib.contextmanager
def origin(file):
    """Serves the file by nginx; yields the port and the file's URL."""
    port = 9294
    folder = pathlib.Path(SCRATCH, 'origin')
    folder.mkdir()
    (folder / 'nginx.conf').write_text(f'''
daemon off; user root; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
    access_log off; default_type application/octet-stream; sendfile on;
    fastcgi_temp_path {folder}/f; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; scgi_temp_path {folder}/s; uwsgi_temp_path {folder}/u;
    server {{ listen 127.0.0.1:{port}; location / {{ root {file.parent}; }} }}
}}''')
    nginx = subprocess.Popen(['nginx', '-c', str(folder / 'nginx.conf'), '-e', str(folder / 'nginx.log')])
    try:
        yield port, f'http://127.0.0.1:{port}/{file.name}'
    finally:
        nginx.terminate()
        nginx.wait()


@contextlib.contextmanager
def xfs(size):
    """A folder on a file system that shares blocks, if this machine can mount one; else on any."""
    folder, image = A.state / 'disk', A.state / 'disk.image'
    folder.mkdir()
    with open(image, 'wb') as file:
        file.truncate(size)
    made = subprocess.run(['mkfs.xfs', '-q', '-m', 'reflink=1', str(image)], stderr=subprocess.DEVNULL).returncode == 0
    mounted = made and subprocess.run(['mount', '-o', 'loop', str(image), str(folder)], stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(['umount', '-l', str(folder)], check=True)
        image.unlink()


def shares_blocks(folder):
    source, target = folder / 'source', folder / 'target'
    source.write_bytes(b'x' * 4096)
    shares = subprocess.run(['cp', '--reflink=always', str(source), str(target)], stderr=subprocess.DEVNULL).returncode == 0
    for file in (source, target):
        file.unlink(missing_ok=True)
    return shares
