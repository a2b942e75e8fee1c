"""Where the time of figure A goes: the backend's samples, each with its stack, folded into the stages of an event.

perf takes a sample a few hundred times in a second of processor time, whose clock stands still while the backend
waits. A sample belongs to the first stage below of which it has a frame, wherever in its stack: so what keeping the
rollups writes to the WAL is the rollups', and a copied byte is whose copy it is. A stage's number is microseconds of
processor time an event.
"""
import collections
import re
import shutil
import subprocess
import threading

import passes
import turns
from rig import place

FREQUENCY = 499  # samples a second, no divisor of any timer's
STACK_BYTES = 16_384
BACKEND = ("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
           "AND query LIKE '%analytics_ingest_kafka(%'")
STAGES = tuple((name, re.compile(frames)) for name, frames in (
    ("rollups", r"^(analytics_rollup_|Exec(AR|AS|BS)InsertTriggers|AfterTrigger)"
                r"|analytics::pg::(Maintainers|[A-Za-z]*Maintainer|StatementDelta)::"),
    ("WAL", r"^(XLog|RecordTransactionCommit|log_heap|issue_xlog_fsync)"),
    ("index, look", r"analytics::pg::choose_paths|^ExecCheckIndexConstraints"),
    ("index, insert", r"^(ExecInsertIndexTuples|btinsert|_bt_doinsert|index_insert)"),
    ("heap, new pages", r"^(RelationGetBufferForTuple|RelationAddExtraBlocks|smgrextend|mdextend)"),
    ("heap insert", r"^(heap_|table_multi_insert|heapam_|ExecInsert$|toast_)"),
    ("row to slot", r"analytics::pg::bulk_insert|try_to_store_all|store_all"),
    ("identity", r"SessionNormalizer::keyed_id|KeyedIdentity|next_sequential_id|^SHA256|sha256"),
    ("jsonb", r"JsonbWriter"),
    ("normalize", r"SessionNormalizer::normalize|core::Normalizer|core::Reader|core::Document"),
    ("row to tuple", r"analytics::pg::Batch::(accept|normalize)"),
    ("sort", r"analytics::pg::Batch::sort_rows"),
    ("statement", r"^(SPI_|_SPI_|standard_ExecutorRun)"),
    ("receive", r"^(array_recv|bytearecv|pq_|secure_read|SocketBackend|exec_bind_message|deconstruct_array)"),
))
OTHER = "other"


def stage_of(frames):
    """frames: a sample's functions."""
    return next((name for name, pattern in STAGES if any(map(pattern.search, frames))), OTHER)


def samples(text):
    """The stacks that perf script prints: an indented line a frame, an empty one between two samples."""
    for block in text.split("\n\n"):
        frames = [line.split(None, 1)[1] for line in block.splitlines()
                  if line[:1].isspace() and len(line.split(None, 1)) > 1]
        if frames:
            yield frames


def record(server, path):
    """Samples the backend that is about to ingest, until it ends."""
    pid = place.eventually(lambda: server.sql(BACKEND), 60, what="the ingesting backend")
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "--call-graph",
                    f"dwarf,{STACK_BYTES}", "-o", path, "-p", pid], check=True, capture_output=True)


def measure(server, count):
    """A line for each stage, the largest first. The pass before warms the server's memory up: what is touched for the
    first time costs the kernel as much as all the rest."""
    if shutil.which("perf") is None:
        raise place.RigError("needs perf: apt-get install linux-perf")
    passes.ingest(server, passes.events(count), count)
    data = passes.FOLDER / "perf.data"
    with passes.fresh(server, passes.EXTENSION):
        sampling = threading.Thread(target=record, args=(server, data))
        sampling.start()
        seconds, _ = passes.stopwatch(server, ["ingest", passes.events(count), passes.BATCH])
        sampling.join()
        passes.prove(server, count)
    script = subprocess.run(["perf", "script", "--no-inline", "-F", "comm,ip,sym", "-i", data], check=True,
                            capture_output=True, text=True, errors="replace")
    data.unlink()
    return lines(list(map(stage_of, samples(script.stdout))), count, seconds)


def lines(stages, count, seconds):
    """stages: one for each sample."""
    if not stages:
        raise place.RigError("perf took no samples")
    turns.say(f"{len(stages)} samples in {seconds:.2f} s")
    return [{"figure": "stage", "what": f"{name}, microseconds an event", "events": count, "samples": found,
             "ratio": round(found / FREQUENCY / count * 1e6, 2), "ours_percent": round(100 * found / len(stages), 1)}
            for name, found in (*collections.Counter(stages).most_common(), ("all", len(stages)))]
