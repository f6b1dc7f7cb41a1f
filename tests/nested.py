"""What a process finds of its own: for the tests of the nest. `python -m tests.nested [sleep]`."""

import os
import sys
import threading
import time
from pathlib import Path

if __name__ == "__main__":
    while sys.argv[1:] == ["sleep"]:
        time.sleep(1)
    print(dict(os.environ))
    listed = [*Path("/proc/self/fd").iterdir()]
    print(sorted(int(each.name) for each in listed if each.exists()))
    print(threading.active_count() > 1)
