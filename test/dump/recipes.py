"""The commands of doc/backup.md: blocks of sh and sql below each heading, in their order.

sections() is {heading: [Block]}; a word after the language says who runs the block: nobody's is run on the cluster
that has the databases app and copy.
"""
import dataclasses
import re
import subprocess

from rig import place

import ways

PAGE = place.ROOT / "doc" / "backup.md"
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    language: str
    runner: str
    text: str

    def run(self, cluster, folder, **variables):
        """As an operator at the cluster types it, with folder in place of /backup; (exit code, what was said)."""
        script = self.text.replace("/backup", str(folder))
        if self.language == "sh":
            return ways.run(cluster, "set -e\n" + script, folder, "app", "copy", **variables)
        done = subprocess.run([cluster.installation.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=script,
                              capture_output=True, text=True, env=ways.environment(cluster, folder, **variables))
        return done.returncode, done.stdout + done.stderr


def sections():
    pieces = re.split(r"^## (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    return {heading: [Block(*found) for found in BLOCK.findall(text)]
            for heading, text in zip(pieces[1::2], pieces[2::2])}
