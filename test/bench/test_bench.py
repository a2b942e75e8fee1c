"""The benchmark's own tests: a figure whose proof fails must fail, and what other programs print is read right."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import consuming  # noqa: E402
import costs  # noqa: E402
import ingesting  # noqa: E402
import lasting  # noqa: E402
import page  # noqa: E402
import passes  # noqa: E402
import publishing  # noqa: E402
import posting  # noqa: E402
import results  # noqa: E402
import serving  # noqa: E402
import stages  # noqa: E402
import turns  # noqa: E402
from data import contracts  # noqa: E402
from rig import cluster, installation, place  # noqa: E402

EVENTS = 600


@pytest.fixture(scope="module")
def server():
    with cluster.Cluster(installation.with_extension()) as running:
        yield running
        assert running.faults_since() == []


@pytest.fixture
def file(tmp_path):
    """file(change): as many events as EVENTS says, each line as change gives it back."""
    def made(change=lambda lines: lines):
        path = tmp_path / "events.ndjson"
        path.write_bytes(b"".join(line + b"\n" for line in change(passes.events(EVENTS).read_bytes().splitlines())))
        return path

    return made


# ---- proofs

def one_twice(lines):
    return [*lines[:-1], lines[0]]


def one_refused(lines):
    return [*lines[:-1], b'{"colour":"red"}']


@pytest.mark.parametrize("run", [passes.copy, passes.ingest, passes.uncounted, passes.contracted, passes.fed,
                                 passes.polled, passes.few_tenants, passes.many_tenants, posting.post])
def test_a_pass_of_what_it_should_be_is_measured(server, file, run):
    cost = run(server, file(), EVENTS)
    assert min(cost.seconds, cost.wal_bytes, cost.heap_bytes) > 0


@pytest.mark.parametrize("change", [one_twice, one_refused])
@pytest.mark.parametrize("run", [passes.ingest, passes.uncounted, passes.contracted, passes.fed, passes.polled,
                                 posting.post])
def test_a_pass_that_does_not_store_all_fails(server, file, run, change):
    with pytest.raises(place.RigError, match="not 600|not all is stored"):
        run(server, file(change), EVENTS)


def breaking(event_type):
    """Events of this type that their contract refuses: a member is missing."""
    member = contracts.SCHEMAS[event_type]["required"][0]
    return lambda lines: [line.replace(b'"%s":' % member.encode(), b'"other":', 1) for line in lines]


@pytest.mark.parametrize("event_type", contracts.SCHEMAS)
def test_every_type_has_its_contract(event_type):
    schema = contracts.SCHEMAS[event_type]
    assert (contracts.keywords(schema), str(schema).count("'pattern'")) == (15, 2)


def test_every_event_is_judged_by_its_contract(server, file):
    """Each type of the file is there, has a contract, and no event of it passes without the member it must have."""
    with passes.fresh(server, passes.CONTRACTED):
        passes.stopwatch(server, ["ingest", file(), passes.BATCH])
        found = server.sql("SELECT string_agg(DISTINCT event_type, ' ') FROM analytics_events", passes.DATABASE)
        assert set(found.split()) == set(contracts.SCHEMAS)


def test_a_copy_of_fewer_fails(server, file):
    with pytest.raises(place.RigError, match="not 600"):
        passes.copy(server, file(lambda lines: lines[1:]), EVENTS)


def test_a_pass_that_counts_wrong_fails(server, file, monkeypatch):
    """The rollups are asked, not only the rows: here nothing keeps them."""
    monkeypatch.setattr(passes, "EXTENSION", passes.UNCOUNTED)
    with pytest.raises(place.RigError, match="analytics_counts"):
        passes.ingest(server, file(), EVENTS)


def test_a_failing_stopwatch_fails(server, tmp_path):
    with pytest.raises(place.RigError, match="failed"):
        passes.ingest(server, tmp_path / "no such file", EVENTS)


def test_rounds_are_other_events_of_later_days(server, file):
    with passes.fresh(server, passes.EXTENSION):
        passes.stopwatch(server, ["ingest", file(), passes.BATCH, 20])
        passes.prove(server, 20 * EVENTS)
        days = server.sql("SELECT count(*) FROM (SELECT ((occurred_at + interval '1 minute') AT TIME ZONE 'UTC')::date "
                          f"FROM analytics_events GROUP BY 1 HAVING count(*) = {EVENTS}) AS d", passes.DATABASE)
    assert days == "20"


@pytest.fixture(scope="module")
def kafka():
    if why_not := consuming.broker.fetch():
        pytest.skip(f"needs Apache Kafka: {why_not}")
    with consuming.kafka() as running:
        yield running


def test_from_kafka_all_is_stored(server, file, kafka):
    topic = consuming.fill(kafka, file(), EVENTS)
    cost = consuming.consume(server, kafka, topic, EVENTS)
    assert min(cost.seconds, cost.seconds_to_join, cost.peak_bytes) > 0


def test_from_kafka_what_is_refused_fails(server, file, kafka):
    topic = consuming.fill(kafka, file(one_refused), EVENTS - 1)  # another topic's name
    with pytest.raises(place.RigError, match="not 600"):
        consuming.consume(server, kafka, topic, EVENTS)


def test_to_kafka_all_is_published_by_both(server, file, kafka):
    taken = publishing.take(server, kafka, file(), EVENTS, 1)
    assert all(cost.seconds > 0 for costs_of_side in taken.values() for cost in costs_of_side)


# ---- what others say

WRK = """Running 5s test @ http://127.0.0.1:1/
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.64ms    2.01ms  31.99ms   85.13%
    Req/Sec     2.43k   215.24     2.81k    68.00%
  Latency Distribution
     50%    6.30ms
     75%    7.10ms
     90%    8.40ms
     99%   {worst}
  24201 requests in 5.00s, 15.31MB read
{faults}Requests/sec:   4839.66
Transfer/sec:      3.06MB
"""


@pytest.mark.parametrize("worst, ms", [("14.75ms", 14.75), ("930.00us", 0.93), ("1.20s", 1200)])
def test_wrk_is_understood(worst, ms):
    assert serving.read_wrk(WRK.format(worst=worst, faults="")) == (4839.66, pytest.approx(ms))


@pytest.mark.parametrize("faults", ["  Non-2xx or 3xx responses: 3\n",
                                    "  Socket errors: connect 0, read 4, write 0, timeout 0\n"])
def test_a_request_that_fails_fails_the_figure(faults):
    with pytest.raises(place.RigError):
        serving.read_wrk(WRK.format(worst="14.75ms", faults=faults))


def test_the_service_s_statement_is_found_and_filled_in():
    statement = serving.statement([":minutes", ":reference", "NULL"])
    assert "$" not in statement and "public._analytics_http_summary(" in statement and ":minutes::int" in statement


@pytest.mark.parametrize("frames, stage", [
    (["XLogInsert", "_bt_insertonpg", "ExecInsertIndexTuples", "analytics::pg::bulk_insert"], "WAL"),
    (["XLogInsert", "heap_insert", "analytics_rollup_statement", "ExecASInsertTriggers"], "rollups"),
    (["_bt_search", "analytics::pg::choose_paths(analytics::pg::ExtensionSchema const&)"], "index, look"),
    (["_bt_search", "ExecInsertIndexTuples"], "index, insert"),
    (["__memmove_avx_unaligned_erms", "analytics::pg::JsonbWriter::append", "analytics::pg::Batch::accept"], "jsonb"),
    (["__memmove_avx_unaligned_erms", "ExecCopySlotMinimalTuple", "analytics::pg::Batch::accept"], "row to tuple"),
    (["memcpy", "core::Tally::count", "analytics::pg::Maintainers::inserted(TupleTableSlot*)", "store_round"],
     "rollups"),
    (["__GI___pwrite64", "mdextend", "RelationGetBufferForTuple", "heap_multi_insert"], "heap, new pages"),
    (["hash_search", "PostgresMain"], "other")])
def test_a_sample_is_put_where_it_belongs(frames, stage):
    assert stages.stage_of(frames) == stage


def test_perf_s_stacks_are_told_apart():
    text = "postgres \n\t 55d0 XLogInsert\n\t 55d1 heap_insert\n\npostgres \n\t 55d2 (anonymous namespace)::f(int)\n\n"
    assert list(stages.samples(text)) == [["XLogInsert", "heap_insert"], ["(anonymous namespace)::f(int)"]]


# ---- comparing and telling

def line(ratio, *ratios, **more):
    return {"figure": "A", "what": "this", "events": 9, "ratio": ratio, "ratios": list(ratios), **more}


@pytest.mark.parametrize("old, new, said", [
    (line(1.0, 0.9, 1.1), line(1.2, 1.15, 1.3), "+20.0 %"),
    (line(1.0, 0.9, 1.1), line(1.05, 1.0, 1.2), "(within the spread)"),
    (line(1.0, 1.0, events=1), line(1.5, 1.5, events=2), "(other sizes)")])
def test_two_runs_are_compared(tmp_path, old, new, said):
    for name, kept in (("old", old), ("new", new)):
        (tmp_path / name).write_text(json.dumps(kept) + "\n")
    [_, told] = results.compared(tmp_path / "old", tmp_path / "new")
    assert said in told


@pytest.mark.parametrize("ratio, at_most, verdict", [(0.8, False, "BELOW"), (0.95, False, "bar"), (1.3, False, "goal"),
                                                     (1.4, True, "BELOW"), (1.3, True, "goal"), (0.9, True, "goal")])
def test_a_verdict_is_the_bar_s(ratio, at_most, verdict):
    marks = {"bar": 0.9, "goal": 1.3} if not at_most else {"bar": 1.3, "goal": 1.3}
    assert results.verdict(line(ratio, at_most=at_most, **marks)) == verdict


def test_sides_take_turns():
    order = []
    turns.take(2, {name: lambda name=name: order.append(name) for name in "ab"})
    assert order == ["a", "b", "b", "a"]


def test_a_ratio_is_of_medians_and_tells_each_turn():
    assert turns.ratio([2, 4, 6], [1, 1, 8]) == {"ratio": 4, "ratios": [2, 4, 0.75]}


ABOUT = {"at": "2026-01-01T00:00:00+00:00", "commit": "c", **{name: "x" for name in (
    "cpu", "cores", "memory_gib", "kernel", "postgresql", "librdkafka", "kafka", "wrk", *results.DURABLE)}}


def all_lines():
    """Of every figure, from costs that are made up."""
    cost = costs.Cost(2.0, 0.1, 1.0, 0.5, 0.25, 500, 400, 100, 1 << 20, [3.0])
    taken = {side: [cost, cost] for side in (*ingesting.PASSES, *ingesting.CONSUMERS, publishing.OURS, publishing.KCAT)}
    yield from (line for figure in ingesting.FIGURES.values() for line in figure(taken, EVENTS))
    yield publishing.line(taken, EVENTS)
    yield from consuming.figure_f([cost], 1 << 20, EVENTS)
    asked = {"G": [(10, 1)], "G2": [(80, 1)], "pgbench": [(20, 1)], "few": [(15, 1)]}
    yield from (serving.line(name, asked, EVENTS) for name in serving.FIGURES)
    yield from stages.lines(["WAL", "other", "WAL"], EVENTS, 1.0)
    rounds = [{"figure": "stored.round", "round": n, "seconds": n, "per_second": 9, "server_cpu_seconds_per_million": 9}
              for n in (1, 2)]
    yield from [*rounds, lasting.whole(rounds, cost, EVENTS, 2)]


def test_every_figure_is_told_on_the_terminal_in_a_file_and_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RUNS", tmp_path)
    monkeypatch.setattr(place, "ROOT", tmp_path)
    lines = list(all_lines())
    told = "\n".join(results.table(ABOUT, lines))
    path = tmp_path / "page.md"
    path.write_text("".join(f"<!-- {name} -->\nas it was\n<!-- end -->\n" for name in page.TABLES))
    page.write([results.keep(ABOUT, lines)], path)
    assert "as it was" not in path.read_text()
    listed = [row for row in path.read_text().splitlines() if not row.startswith("|")]
    assert max(map(len, listed)) <= page.LINE_LENGTH
    assert all(line["what"] in told and line["what"].partition(", microseconds")[0] in path.read_text()
               for line in lines if "ratio" in line)


@pytest.mark.parametrize("figure, ratio", [("A", 1.0), ("B", 1.0), ("B2", 1.0), ("E", 0.0), ("E.cpu", 0.0),
                                           ("contracts", 1.0), ("polled", 1.0), ("publish", 1.0), ("F", 1.0),
                                           ("H", 1.0), ("tenants", 1.0),
                                           ("G", 0.5), ("G2", 4.0), ("stored2", 1.0)])
def test_a_figure_is_the_ratio_of_its_sides(figure, ratio):
    [found] = {line["ratio"] for line in all_lines() if line["figure"] == figure}
    assert found == ratio


def test_the_page_takes_the_later_run_and_leaves_what_it_does_not_know(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n" + "".join(f"<!-- {name} -->\nas it was\n<!-- end -->\n" for name in page.TABLES))
    for at, ratio in (("2", 1.5), ("1", 0.5)):  # the later one is named first
        kept = line(ratio, ratio, machine={**ABOUT, "at": at, "commit": f"commit-{at}"})
        (tmp_path / at).write_text(json.dumps(kept) + "\n")
    page.write([tmp_path / "2", tmp_path / "1"], path)
    text = path.read_text()
    assert text.startswith("before\n") and text.count("as it was") == len(page.TABLES) - 2
    assert "**1.5**" in text and "**0.5**" not in text and "commit-2" in text


def test_a_page_without_the_mark_is_refused(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("nothing\n")
    (tmp_path / "run").write_text(json.dumps({"figure": "stored.round", "round": 1, "per_second": 1, "machine": {
        "at": "1", "commit": "c"}, "server_cpu_seconds_per_million": 1}) + "\n")
    with pytest.raises(place.RigError, match="0 marks rounds"):
        page.write([tmp_path / "run"], path)
