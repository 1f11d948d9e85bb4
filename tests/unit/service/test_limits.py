"""Requests a key may make in a minute, on a clock of numbers."""

import pytest

from features.domain.errors import RateLimitedError
from service import limits
from service.limits import RateLimiter


def test_a_key_may_make_its_requests_at_once_and_then_waits():
    limiter = RateLimiter(30)
    for _ in range(30):
        limiter.take("a", 100.0)
    with pytest.raises(RateLimitedError) as refused:
        limiter.take("a", 100.0)
    assert refused.value.retry_after_seconds == 2
    limiter.take("a", 102.0)
    with pytest.raises(RateLimitedError):
        limiter.take("a", 102.0)


def test_keys_do_not_wait_for_each_other():
    limiter = RateLimiter(1)
    limiter.take("a", 0.0)
    limiter.take("b", 0.0)


def test_workers_share_the_limit():
    limiter = RateLimiter(60, n_workers=4)
    for _ in range(15):
        limiter.take("a", 0.0)
    with pytest.raises(RateLimitedError) as refused:
        limiter.take("a", 0.0)
    assert refused.value.retry_after_seconds == 4


def test_without_a_limit_nothing_is_counted():
    limiter = RateLimiter(0)
    for _ in range(1_000):
        limiter.take("a", 0.0)


def test_a_rest_never_saves_up_more_than_a_minute():
    limiter = RateLimiter(2)
    limiter.take("a", 0.0)
    limiter.take("a", 1e6)
    limiter.take("a", 1e6)
    with pytest.raises(RateLimitedError):
        limiter.take("a", 1e6)


def test_only_so_many_keys_are_remembered(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BUCKETS", 2)
    limiter = RateLimiter(1)
    for key_id in ("a", "b", "c", "a"):
        limiter.take(key_id, 0.0)
    with pytest.raises(RateLimitedError):
        limiter.take("a", 0.0)


def test_the_key_that_has_not_asked_for_longest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(limits, "MAX_BUCKETS", 2)
    limiter = RateLimiter(2)
    for key_id in ("a", "b", "a", "c"):
        limiter.take(key_id, 0.0)
    with pytest.raises(RateLimitedError):
        limiter.take("a", 0.0)
