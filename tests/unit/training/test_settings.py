"""Settings that cannot be used are named, with the variable they come from."""

import pytest

from features.domain.errors import InvalidValueError
from features.settings import read_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("WAYMARK_PORT", "abc"), ("WAYMARK_PORT", "99999"), ("WAYMARK_WORKERS", "0")],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidValueError, match=f"{name} is '{value}'"):
        read_settings()
