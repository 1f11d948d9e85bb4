import ctypes
import subprocess
import sys

import pytest

N_BLOCKS = 40
BLOCK_MIB = 8
KEEPS_AND_FREES = f"""
import os, sys
import numpy as np
from training.memory import return_large_blocks

def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

if sys.argv[1] == "returned":
    return_large_blocks()
np.ones(31 * 2**17)  # freeing it raises the limit that the C library sets itself
large, small = [], []
for _ in range({N_BLOCKS}):
    large.append(np.ones({BLOCK_MIB} * 2**17))
    small.append(np.ones(10_000))
held = resident_mib()
large.clear()
print(held - resident_mib())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="another C library, which has no such setting",
)
def test_large_blocks_between_small_ones_go_back_to_the_system() -> None:
    freed = {
        how: float(
            subprocess.run(
                [sys.executable, "-c", KEEPS_AND_FREES, how],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for how in ("kept", "returned")
    }
    assert freed["kept"] < N_BLOCKS * BLOCK_MIB / 2
    assert freed["returned"] > N_BLOCKS * BLOCK_MIB * 0.9
