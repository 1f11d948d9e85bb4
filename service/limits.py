"""How many requests a key may make: a bucket of tokens for each."""

import math
from collections import OrderedDict
from dataclasses import dataclass

from features.domain.errors import RateLimitedError

MAX_BUCKETS = 10_000
MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at_seconds: float


class RateLimiter:
    """Lets each key make so many requests a minute, that many at once at most.

    Parameters
    ----------
    per_minute
        What all workers together allow; 0 for any number.
    n_workers
        Each allows its share and knows nothing of the others.
    """

    def __init__(self, per_minute: int, n_workers: int = 1) -> None:
        self._capacity = max(per_minute / n_workers, 1.0) if per_minute else math.inf
        self._per_second = self._capacity / MINUTE_SECONDS
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key_id: str, now_seconds: float) -> None:
        """Count a request.

        Parameters
        ----------
        key_id
            Whose it is.
        now_seconds
            Of a clock that never goes back.

        Raises
        ------
        RateLimitedError
            If it is one too many; it says after how many whole seconds there is room again.
        """
        if math.isinf(self._capacity):
            return
        bucket = self._buckets.setdefault(key_id, _Bucket(self._capacity, now_seconds))
        self._buckets.move_to_end(key_id)
        gained = (now_seconds - bucket.filled_at_seconds) * self._per_second
        bucket.tokens = min(bucket.tokens + gained, self._capacity)
        bucket.filled_at_seconds = now_seconds
        if bucket.tokens < 1.0:
            seconds = math.ceil((1.0 - bucket.tokens) / self._per_second)
            raise RateLimitedError(
                "This key has made its requests for now. Try again after the seconds in "
                "Retry-After, or have WAYMARK_RATE_LIMIT raised.",
                seconds,
            )
        bucket.tokens -= 1.0
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
