"""Look up requirements.lock among known vulnerabilities; exit 1 where there are any.

Where the package index holds no such data, or does not answer in time, nobody can tell: that is
said, and fails nothing, since what is built must not depend on somebody else's server.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_SECONDS = 60
BIN = Path(sys.executable).parent
OPTIONS = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of it: lines for people, and whether a vulnerability is known."""

    lines: tuple[str, ...]
    is_vulnerable: bool


def audit(lock: str = "requirements.lock") -> Verdict:
    """Ask the package index about every pinned version, for `MOST_SECONDS` at most."""
    command = (BIN / "pip-audit", *OPTIONS, "--requirement", lock)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return untold(f"the package index took more than {MOST_SECONDS} seconds")
    return judge(done.stdout, done.stderr)


def judge(stdout: str, stderr: str) -> Verdict:
    """Read what pip-audit wrote: JSON of what it found, or why there is none."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return untold((stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    skipped = [each for each in packages if "skip_reason" in each]
    found = tuple(_known_of(packages))
    lines = (f"audited: {len(packages) - len(skipped)} of {len(packages)} packages",)
    if skipped:
        lines += untold(f"{len(skipped)} of them; {skipped[0]['skip_reason']}").lines
    return Verdict(lines=(*lines, *found), is_vulnerable=bool(found))


def untold(why: str) -> Verdict:
    """Say loudly that nobody can tell."""
    return Verdict(lines=(f"!!! NOT AUDITED: {why}",), is_vulnerable=False)


def _known_of(packages: list[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for each in package.get("vulns", []):
            fixed_in = ", ".join(each["fix_versions"]) or "no version yet"
            yield (
                f"VULNERABLE: {package['name']} {package['version']} has {each['id']}, "
                f"fixed in {fixed_in}"
            )


if __name__ == "__main__":
    verdict = audit()
    print("\n".join(verdict.lines))
    sys.exit(verdict.is_vulnerable)
