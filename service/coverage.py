"""Which modules were recommended of late."""

from collections.abc import Iterable
from threading import Lock

from features.domain.instants import SECONDS_PER_DAY


class Coverage:
    """Remembers when each module was last recommended; as many entries as there are modules."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[str, float] = {}

    def add(self, module_ids: Iterable[str], now_seconds: float) -> None:
        """Note that modules were recommended, by a clock that never goes back."""
        with self._lock:
            self._last.update(dict.fromkeys(module_ids, now_seconds))

    def count(self, now_seconds: float) -> int:
        """Return how many modules were recommended within the last day, and forget the others."""
        with self._lock:
            kept = {
                module_id: at
                for module_id, at in self._last.items()
                if at > now_seconds - SECONDS_PER_DAY
            }
            self._last = kept
            return len(kept)
