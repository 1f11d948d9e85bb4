"""The guide's requests are made, in order, and its answers are the ones that come."""

import json
import re
import shlex
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "api.md"
ANY = "…"


def examples():
    """Return (method, path, body, expected answer) of every curl in the guide."""
    pattern = r"```sh\n(curl .*?)```\s*```json\n(.*?)```"
    for command, expected in re.findall(pattern, GUIDE.read_text(), re.DOTALL):
        words = shlex.split(command)
        path = next(word for word in words if word.startswith("$WAYMARK")).removeprefix("$WAYMARK")
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        yield method, path, body, json.loads(expected)


def matches(expected, found):
    """Tell whether an answer is the expected one; `…` stands for anything but nothing."""
    if expected == ANY:
        return found is not None
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and expected.keys() == found.keys()
            and all(matches(expected[name], found[name]) for name in expected)
        )
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return expected == found


def test_every_example_is_true(client):
    made = 0
    for method, path, body, expected in examples():
        answer = client.request(method, path, json=body).json()
        assert matches(expected, answer), json.dumps(answer)
        made += 1
    assert made >= 5
