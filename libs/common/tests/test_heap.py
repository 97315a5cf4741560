"""Memory of a real process, by the kernel's word."""

import subprocess
import sys

import pytest

WORK = """
import sys
from common import heap

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20

if sys.argv[1] == "settled":
    heap.settle()
bytes(bytearray(24 << 20))  # glibc has seen something large come and go
before = resident()
blocks, small = [], []
for _ in range(200):
    blocks.append(b"x" * (1 << 20))
    small.append(b"y" * 1000)  # what stays, between
del blocks
print(resident() - before)
"""


def megabytes_kept(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", WORK, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked as Linux answers")
def test_what_is_large_is_given_back_though_something_small_stays() -> None:
    assert megabytes_kept("settled") < 10
