"""Where private things live, whom PostgreSQL runs as, and processes that never outlive their parent.

Everything private lives in .local/ of the checkout. One exception: PostgreSQL refuses to run as root, so root runs
it as the user postgres, who may not be able to enter the checkout (a clone below /root). What that user must read or
write is then kept in a folder of its own below /var/tmp, whose name is remembered in .local/.
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
PARTS = ("extension", "ingestor", "http")  # of make
PR_SET_PDEATHSIG = 1
LEAST_SHARE = 19
LONGEST_SOCKET_FOLDER = 80  # of the 107 bytes that a unix socket's path may have

libc = ctypes.CDLL(None)


class RigError(Exception):
    """The machine lacks something, or a server did not come up; the message is for people."""


def server_identity():
    """Popen's keywords that make a child run as the user that may run PostgreSQL."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def server_home():
    """The folder for what PostgreSQL's user must reach; made when missing."""
    LOCAL.mkdir(exist_ok=True)
    home = LOCAL / "rig"
    if os.getuid() != 0:
        home.mkdir(exist_ok=True)
        return home
    with lock("home"):
        elsewhere = LOCAL / "rig-home"
        if elsewhere.exists() and os.path.isdir(elsewhere.read_text()):
            return pathlib.Path(elsewhere.read_text())
        home.mkdir(exist_ok=True)
        home.chmod(0o755)
        if subprocess.run(["test", "-r", home, "-a", "-x", home], stderr=subprocess.DEVNULL,
                          cwd="/", **server_identity()).returncode == 0:
            return home
        home = pathlib.Path(tempfile.mkdtemp(prefix="analytics_events-", dir="/var/tmp"))
        home.chmod(0o755)
        elsewhere.write_text(str(home))
        return home


def forget_server_home():
    """Removes what server_home() made."""
    elsewhere = LOCAL / "rig-home"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text(), ignore_errors=True)
        elsewhere.unlink()
    shutil.rmtree(LOCAL / "rig", ignore_errors=True)


def server_folder(prefix):
    """A new folder that belongs to PostgreSQL's user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix + "-", dir=server_home()))
    identity = server_identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    return folder


def socket_folder(preferred):
    """A folder short enough for a unix socket: preferred, or one below /tmp."""
    if len(os.fsencode(preferred)) <= LONGEST_SOCKET_FOLDER:
        return preferred
    folder = pathlib.Path(tempfile.mkdtemp(prefix="analytics_events-", dir="/tmp"))
    identity = server_identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    return folder


@contextlib.contextmanager
def lock(name):
    """Holds .local/<name>.lock: two runs in one checkout take turns."""
    LOCAL.mkdir(exist_ok=True)
    with open(LOCAL / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def free_ports(count):
    """Different TCP ports of 127.0.0.1 that nobody listens on right now; the taker must bear losing the race."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def spawn(command, death_signal=signal.SIGTERM, yields=False, **options):
    """Popen whose child gets death_signal when this process is gone, however it went, and no Ctrl-C of the terminal.
    yields: it runs when nobody else wants the processor."""
    parent = os.getpid()

    def begin():
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)
        if yields:
            yield_processor()

    command = [str(word) for word in command]
    return subprocess.Popen(command, preexec_fn=begin, start_new_session=True, **options)


def yield_processor():
    """The least share of the processor for this process's session. Within a session nice decides; where Linux groups
    processes by session (autogroup), each group has the same share, however nice its members are."""
    os.nice(LEAST_SHARE)
    with contextlib.suppress(OSError):  # a kernel without autogroup
        pathlib.Path("/proc/self/autogroup").write_text(str(LEAST_SHARE))


def run(command, **options):
    """Runs a command to its end and returns its exit code; an exception here asks it to stop first, as make's children
    would otherwise go on."""
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        return process.wait()
    except BaseException:
        stop(process)
        raise


def output(command, **options):
    """What a command writes, to the last character; a RigError with what it complains of when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RigError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def stop(process, first=signal.SIGTERM, patience=30):
    """Stops a child, gently first; returns its exit code."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def eventually(condition, timeout=30, every=0.05, what="the condition"):
    """Awaits a condition: returns its first true value, or raises AssertionError with what was awaited."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s; last seen: {value!r}")
        time.sleep(every)


def make(*words):
    """The command line of a make that uses every core."""
    return ["make", "-s", f"-j{os.cpu_count()}", *words]


def make_environment():
    """Ours without the outer make's job server, whose slots its own recipe holds; its command-line variables stay."""
    ours = dict(os.environ)
    flags = ours.pop("MAKEFLAGS", "")
    ours.pop("MFLAGS", None)
    if " -- " in flags:
        ours["MAKEFLAGS"] = " -- " + flags.split(" -- ", 1)[1]
    return ours


def stop_on_signals():
    """Makes SIGTERM and SIGHUP unwind like Ctrl-C does, so that context managers stop their servers."""
    def unwind(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, unwind)
