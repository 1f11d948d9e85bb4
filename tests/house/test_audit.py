"""What is known of vulnerabilities fails the build; what nobody can tell is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / ".ci"))
audit = __import__("audit")

SOUND = {"name": "numpy", "version": "2.5.0", "vulns": []}
UNKNOWN = {"name": "scipy", "skip_reason": "Dependency not found on PyPI: scipy (1.18)"}
BROKEN = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [
        {"id": "PYSEC-2021-66", "fix_versions": ["2.11.3", "3.0"]},
        {"id": "PYSEC-2099-1", "fix_versions": []},
    ],
}


def judged(*packages):
    return audit.judge(json.dumps({"dependencies": packages, "fixes": []}), "")


def test_what_is_known_to_be_vulnerable_fails_and_is_named():
    verdict = judged(SOUND, BROKEN, UNKNOWN)
    assert verdict.is_vulnerable
    assert verdict.lines[-2:] == (
        "VULNERABLE: jinja2 2.4.1 has PYSEC-2021-66, fixed in 2.11.3, 3.0",
        "VULNERABLE: jinja2 2.4.1 has PYSEC-2099-1, fixed in no version yet",
    )


def test_all_sound_is_all_that_is_said():
    verdict = judged(SOUND, SOUND)
    assert (verdict.lines, verdict.is_vulnerable) == (("audited: 2 of 2 packages",), False)


def test_what_nobody_can_tell_is_said_and_fails_nothing():
    verdict = judged(SOUND, UNKNOWN)
    assert not verdict.is_vulnerable
    assert verdict.lines == (
        "audited: 1 of 2 packages",
        "!!! NOT AUDITED: 1 of them; Dependency not found on PyPI: scipy (1.18)",
    )


@pytest.mark.parametrize("stdout", ["", "[]", "{}", "no JSON"])
def test_an_index_that_does_not_answer_is_named(stdout):
    verdict = audit.judge(stdout, "INFO: asking\nERROR: cannot connect\n")
    assert (verdict.lines, verdict.is_vulnerable) == (
        ("!!! NOT AUDITED: ERROR: cannot connect",),
        False,
    )


def test_an_index_that_never_answers_is_given_up(monkeypatch):
    def run(command, *, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.audit().lines == ("!!! NOT AUDITED: the package index took more than 60 seconds",)


def test_without_a_word_it_says_so():
    assert audit.judge("", "").lines == ("!!! NOT AUDITED: pip-audit said nothing",)
