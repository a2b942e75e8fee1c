"""The commands of doc/backup.md: {heading: its blocks}. A block's word says who runs it; without one it is the cluster
that has the databases app and copy."""
import dataclasses

from rig import pages, place

import ways

PAGE = place.ROOT / "doc" / "backup.md"


def sections():
    return pages.sections(PAGE)


def run(block, cluster, folder, **variables):
    """With folder in place of /backup; (exit code, what was said)."""
    moved = dataclasses.replace(block, text=block.text.replace("/backup", str(folder)))
    return moved.run(ways.environment(cluster, folder, **variables))
