"""The ways in which a database is dumped and restored: what an operator types, as bash with $SOURCE, $TARGET and $DIR.

WAYS are those after which the target, empty before, must equal the source line by line. Every one of them stops at
the first error, and none may say a word. OVER_ITSELF are those that put a database in the place of itself.
"""
import os
import pathlib
import subprocess

from rig import place

DATA = pathlib.Path(__file__).parent / "data.sql"
OPERATOR = pathlib.Path(__file__).parent / "operator.sql"
ROLES = place.ROOT / "doc" / "roles.sql"


def roles_of(version=None):
    """The script of that release, or of this checkout."""
    return place.ROOT / "sql" / "releases" / f"roles--{version}.sql" if version else ROLES


RESTORE = "pg_restore --exit-on-error -d $TARGET"
# In one run of several jobs, PostgreSQL may make the operator's triggers of the parent before the last rows come.
RESTORE_BY_JOBS = f"for section in pre-data data post-data; do {RESTORE} -j4 --section=$section $DIR/dump || exit; done"
# As several jobs may do it: the parent has no rows, so its trigger need not wait for those of its partitions.
EARLY = "TRIGGER .* analytics_events analytics_rollup_row "
RESTORE_TRIGGER_FIRST = f"""pg_restore -l $DIR/dump >$DIR/list && (
    sed '/ TABLE DATA /,$d' $DIR/list; grep '{EARLY}' $DIR/list
    sed -n '/ TABLE DATA /,$p' $DIR/list | grep -v '{EARLY}') >$DIR/ordered && {RESTORE} -L $DIR/ordered $DIR/dump"""
PSQL = "psql -X -q -v ON_ERROR_STOP=1 -d $TARGET"

WAYS = {
    "custom": f"pg_dump -Fc -f $DIR/dump $SOURCE && {RESTORE} $DIR/dump",
    "custom, four jobs": f"pg_dump -Fc -f $DIR/dump $SOURCE && {RESTORE_BY_JOBS}",
    "custom, one transaction": f"pg_dump -Fc -f $DIR/dump $SOURCE && {RESTORE} -1 $DIR/dump",
    "directory by two jobs": f"pg_dump -Fd -j2 -f $DIR/dump $SOURCE && {RESTORE} $DIR/dump",
    "directory by two jobs, four jobs": f"pg_dump -Fd -j2 -f $DIR/dump $SOURCE && {RESTORE_BY_JOBS}",
    "plain": f"pg_dump -f $DIR/dump $SOURCE && {PSQL} -f $DIR/dump >$DIR/rows",
    "plain, one transaction": f"pg_dump -f $DIR/dump $SOURCE && {PSQL} -1 -f $DIR/dump >$DIR/rows",
    "inserts": f"pg_dump --inserts -f $DIR/dump $SOURCE && {PSQL} -f $DIR/dump >$DIR/rows",
    "column inserts, many rows": f"pg_dump --column-inserts --rows-per-insert=100 -f $DIR/dump $SOURCE && "
                                 f"{PSQL} -f $DIR/dump >$DIR/rows",
    "by the root": f"pg_dump -Fc --load-via-partition-root -f $DIR/dump $SOURCE && {RESTORE} $DIR/dump",
    "by the root, four jobs": f"pg_dump -Fd -j2 --load-via-partition-root -f $DIR/dump $SOURCE && {RESTORE_BY_JOBS}",
    "the parent's trigger first": f"pg_dump -Fc -f $DIR/dump $SOURCE && {RESTORE_TRIGGER_FIRST}",
    "by the root, its trigger first": f"pg_dump -Fc --load-via-partition-root -f $DIR/dump $SOURCE && "
                                      f"{RESTORE_TRIGGER_FIRST}",
}

# Over itself: pg_dump 15 wants to drop the keys of partitions by themselves, which the server refuses, with any table.
# What it says about that is all that it may say. Default privileges, too, are in force again while tables are made.
REFUSED = "cannot drop inherited constraint"
NO_DEFAULTS = ("psql -X -q -d $TARGET "
               "-c 'ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM dump_reader'")
OVER_ITSELF = {
    "custom": f"{WAYS['custom']} && {NO_DEFAULTS} && (pg_restore --clean --if-exists -d $TARGET $DIR/dump; true)",
    "plain": f"pg_dump --clean --if-exists -f $DIR/dump $SOURCE && {PSQL} -f $DIR/dump >$DIR/rows && {NO_DEFAULTS} && "
             "psql -X -q -d $TARGET -f $DIR/dump >$DIR/rows",
}

SCHEMA_THEN_DATA = (f"pg_dump --schema-only -Fc -f $DIR/schema $SOURCE && {RESTORE} $DIR/schema && "
                    "pg_dump --data-only {options} -Fc -f $DIR/data $SOURCE && "
                    f"{RESTORE} --data-only {{options}} $DIR/data")


def environment(cluster, folder, **variables):
    return {**os.environ, **cluster.environment("postgres"), "LC_ALL": "C", "DIR": str(folder), **variables}


def run(cluster, script, folder, source, target, **variables):
    """Runs bash with the cluster's programs; (exit code, all that was said)."""
    variables = environment(cluster, folder, SOURCE=source, TARGET=target, **variables)
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, env=variables)
    return done.returncode, (done.stdout + done.stderr).strip()
