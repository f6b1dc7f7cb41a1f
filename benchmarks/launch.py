"""`python -I -S benchmarks/launch.py <command …>`: run it, and print what the kernel counted of it.

A process of its own, and a small one, because a child is born with its parent's peak RSS in its
account: started from the benchmark itself, every command would seem to need the benchmark's memory.
Prints exit code, seconds of CPU (children included), seconds of wall time and the peak RSS in KiB
of the biggest process. The command's own output goes nowhere; its errors come through.
"""

import os
import sys
import time

if __name__ == "__main__":
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    began = time.perf_counter()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[nowhere])
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    kib = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    code = os.waitstatus_to_exitcode(status)
    sys.stdout.write(f"{code} {used.ru_utime + used.ru_stime} {wall} {kib}\n")
