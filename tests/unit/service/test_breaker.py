import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from features.domain.errors import StoreUnavailableError
from service.breaker import Breaker


@pytest.fixture
def breaker():
    return Breaker()


@pytest.fixture
def broken(breaker):
    with pytest.raises(StoreUnavailableError), breaker.trying():
        raise StoreUnavailableError("locked")
    return breaker


def test_while_all_is_well_anybody_goes_on(breaker):
    with breaker.trying(), breaker.trying():
        pass


def test_what_did_not_answer_is_tried_by_one_and_waited_for_by_nobody_else(broken):
    is_trying, may_end = threading.Event(), threading.Event()

    def wait_in_vain():
        with broken.trying():
            is_trying.set()
            may_end.wait(10)
            raise StoreUnavailableError("still locked")

    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(wait_in_vain)
        assert is_trying.wait(10)
        with pytest.raises(StoreUnavailableError, match="being tried"), broken.trying():
            raise AssertionError
        may_end.set()
        with pytest.raises(StoreUnavailableError, match="still locked"):
            waiting.result()


def test_who_tries_next_finds_that_it_answers_again(broken):
    with broken.trying():
        pass
    with broken.trying(), broken.trying():
        pass


def test_another_error_tells_nothing_of_the_database(broken):
    with pytest.raises(ZeroDivisionError), broken.trying():
        raise ZeroDivisionError
    with (
        broken.trying(),
        pytest.raises(StoreUnavailableError, match="being tried"),
        broken.trying(),
    ):
        raise AssertionError
