"""Classes that many threads read into for the first time in the same moment."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MANY_AT_ONCE = """
import sys, threading, msgspec
from storage import typed

sys.setswitchinterval(1e-6)
fields = [(f"f{number}", "int | None", None) for number in range(40)]
read = []
for number in range(100):
    inner = msgspec.defstruct(f"Inner{number}", fields)
    kind = msgspec.defstruct(f"Kind{number}", [("a", inner), *fields])
    gate = threading.Barrier(8)

    def work():
        gate.wait()
        read.append(typed.decode(b'{"a": {"f1": 1}, "f2": 2}', kind).a.f1)
        read.append(typed.convert({"a": {"f1": 1}, "f2": 2}, kind).a.f1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
print(sum(read))
"""


def test_a_class_that_eight_threads_read_into_for_the_first_time_at_once_ends_nobody():
    ended = subprocess.run(
        [sys.executable, "-c", MANY_AT_ONCE],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout.strip()) == (0, "1600"), ended.stderr
