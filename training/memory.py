"""Giving memory back to the system as soon as it is free."""

import ctypes

RETURNED_BYTES = 4 * 1024**2
KEPT_BYTES = 64 * 1024**2  # at the end of the heap, ready for what comes next

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # as in malloc.h of the GNU C library


def return_large_blocks() -> None:
    """Have the C library return freed blocks of `RETURNED_BYTES` or more at once.

    Left to itself, the GNU C library raises that limit to 32 MiB when the first large arrays are
    freed. Those that follow then lie between small ones on the heap, which keeps several gibibytes
    that nobody uses. Other C libraries have no such setting and are left alone.
    """
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(_M_MMAP_THRESHOLD, RETURNED_BYTES)
        setting(_M_TRIM_THRESHOLD, KEPT_BYTES)
