"""What is kept of readings, and for how long; no process is started."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from service import readings
from service.readings import KEPT_FOR, Program, Reading, Readings

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Counted(Readings):
    """Readings that say how often each program was run."""

    def __init__(self):
        super().__init__("sqlite:///nowhere.db", 10.0)
        self.run = []

    async def _work_out(self, program, mark, now):
        self.run.append(program.module)
        return Reading(document=b"{}", markdown=None, mark=mark, read_at=now)


@pytest.fixture
def read():
    """Give what reads programs by name in turn, and returns which of them were run."""

    def in_turn(*asked):
        async def ask():
            counted = Counted()
            for module, mark, at in asked:
                program = Program(module=module, words=(), gives="it", command="it")
                await counted.read(program, mark, at)
            return counted.run

        return asyncio.run(ask())

    return in_turn


def test_a_reading_is_kept_for_a_while(read):
    just, late = NOW + KEPT_FOR, NOW + KEPT_FOR + timedelta(seconds=1)
    assert read(("a", [1], NOW), ("a", [1], just)) == ["a"]
    assert read(("a", [1], NOW), ("a", [1], late)) == ["a", "a"]


def test_a_reading_of_what_has_changed_is_not_given_again(read):
    assert read(("a", [1], NOW), ("a", [2], NOW)) == ["a", "a"]


def test_only_so_many_readings_are_kept(read, monkeypatch):
    monkeypatch.setattr(readings, "MOST_KEPT", 2)
    asked = [(module, [1], NOW) for module in ("a", "b", "c", "c", "b", "a")]
    assert read(*asked) == ["a", "b", "c", "a"]
