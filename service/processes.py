"""What every process of the service does first."""

import multiprocessing
import os
import signal
from threading import Thread

from threadpoolctl import threadpool_limits


def compute_alone() -> None:
    """Let array libraries of this process use one thread.

    What one learner needs is far too little to share out; threads that wait for it spin, and take
    the core from other workers and the database.
    """
    threadpool_limits(1)


def end_with_parent() -> None:
    """End this process when its parent does, however that ended; nothing without a parent."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=follow, daemon=True).start()
