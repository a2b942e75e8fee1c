"""doc/tutorial.md, as a newcomer follows it: every command of the page in its order, and the answers that it shows."""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import daemon, pages, place  # noqa: E402
import answers  # noqa: E402

PATIENCE = 30  # seconds until an answer that is asked for again must be there
PORT = 8000
MARK = "this was block"


class Shell:
    """A shell that is given one block at a time; with it end its servers."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, shell=True, cwd=place.ROOT, env=environment, text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.count = 0

    def run(self, text):
        """The exit code of the block's last command, and what the block says."""
        self.count += 1
        self.process.stdin.write(f"{text}\necho; echo {MARK} {self.count} $?\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith(f"{MARK} {self.count} "):
                return int(line.split()[-1]), "".join(said)
            said.append(line)
        return 0, "".join(said)  # it has left

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(60)


def test_every_command_of_the_tutorial_comes_to_what_it_shows(tmp_path):
    service = daemon.Http("")  # which is not started: its ports are free ones
    ports = {name: value for name, value in service.environment.items() if name.endswith("_PORT")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANALYTICS_", "PG"))}
    environment |= {**ports, "PGTZ": "UTC"}
    shell = Shell("bash", environment)
    asked, wrong = 0, []
    for block in pages.blocks((place.ROOT / "doc" / "tutorial.md").read_text()):
        text = block.text.replace(f"localhost:{PORT}", f"localhost:{service.port}").replace("/tmp/", f"{tmp_path}/")
        if block.word == "shell":
            assert shell.end() == 0
            shell = Shell(text, environment)
            continue
        (code, said), until = shell.run(text), time.monotonic() + PATIENCE
        while block.word == "again" and not answers.agree(block.answer, said) and time.monotonic() < until:
            time.sleep(0.2)
            code, said = shell.run(text)
        asked += bool(block.answer)
        if code != 0 or (block.answer and not answers.agree(block.answer, said)):
            wrong.append(f"{text}\n{said}")
    assert shell.end() == 0
    assert not wrong, "\n".join(wrong)
    assert asked > 10
