"""Helper, no tests: runs an experiment again and again and has it killed, for test_kill.py.

python victim.py FOLDER: makes FOLDER/unbroken and FOLDER/broken, prints what happened as JSON. The
process imports everything once and forks a child for every run, so a kill costs no import.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from symtutor import files
from symtutor.cli import main
from symtutor.records import store

# two trainings of 150 steps, one after the other
RUN = ["run", "toy-symmetry", "--restarts", "2", "--steps", "150", "--width", "16", "--batch", "64"]
RUN += ["--checkpoint-seconds", "0"]  # a checkpoint after every step: most of the time is writing


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_half_way(suffix, after):
    """Be killed half way through writing the n-th file of a kind."""
    honest, count = files.write_bytes, [0]

    def write_bytes(path, data):
        if path.suffix == suffix:
            count[0] += 1
            if count[0] == after:
                path.with_name(f".{path.name}.{os.getpid()}.tmp").write_bytes(
                    data[: len(data) // 2]
                )
                die()
        honest(path, data)

    files.write_bytes = write_bytes


def die_between_tensors_and_pointer(after):
    """Be killed when the tensors are in place and the JSON does not name them yet."""
    honest, count = files.write_sealed, [0]

    def write_sealed(path, content):
        count[0] += 1
        if count[0] == after:
            die()
        honest(path, content)

    files.write_sealed = write_sealed


def die_before_cleaning(after):
    """Be killed when the new checkpoint is in place and the old one not deleted yet."""
    honest, count = Path.unlink, [0]

    def unlink(self, missing_ok=False):
        if self.suffix == ".safetensors":
            count[0] += 1
            if count[0] == after:
                die()
        honest(self, missing_ok=missing_ok)

    Path.unlink = unlink


def die_writing_the_record():
    """Be killed when the record's tensors are written and its JSON is not."""
    honest = files.write_sealed

    def write_sealed(path, content):
        if path.name == "record.json":
            die()
        honest(path, content)

    files.write_sealed = store.files.write_sealed = write_sealed


def child(folder, prepare=None):
    """Fork a run; returns its process number."""
    number = os.fork()
    if number == 0:
        sys.stdout = sys.stderr
        if prepare:
            prepare()
        try:
            os._exit(main([*RUN, "--out", str(folder)]))
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(99)
    return number


def ended(number):
    """How a process ended, as the shell would say it (negative: a signal)."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def step_of(folder):
    """The steps done at the last checkpoint, in both trainings."""
    return sum(json.loads(path.read_text())["step"] for path in folder.glob("field*.json"))


def unfinished(folder):
    """Whether the moment of the kill left half a file, or a file no JSON points at."""
    pointed = {json.loads(path.read_text())["tensors"] for path in folder.glob("field*.json")}
    tensors = {path.name for path in folder.glob("field*-*.safetensors")}
    return any(folder.glob(".*.tmp")) or tensors != pointed


def main_():
    folder = Path(sys.argv[1])
    started = time.monotonic()
    assert ended(child(folder / "unbroken")) == 0
    whole = time.monotonic() - started
    broken, moments, report = folder / "broken", random.Random(0), []
    bombs = {
        "tensors half written": lambda: die_half_way(".safetensors", 5),
        "tensors without pointer": lambda: die_between_tensors_and_pointer(5),
        "pointer half written": lambda: die_half_way(".json", 5),
        "old tensors left": lambda: die_before_cleaning(5),
    }
    plan = [*bombs.items(), *[(None, None)] * 6]
    moments.shuffle(plan)
    for name, bomb in plan:
        number = child(broken, bomb)
        if bomb is None:
            time.sleep(moments.uniform(0, whole / 8))
            os.kill(number, signal.SIGKILL)
        status = ended(number)
        report.append(
            [name or "random", status, step_of(broken), bomb is not None and unfinished(broken)]
        )
    status = ended(child(broken, die_writing_the_record))
    report.append(["record half written", status, step_of(broken), True])
    report.append(["last", ended(child(broken)), 0, False])
    print(json.dumps(report))


if __name__ == "__main__":
    main_()
