"""The page every list is answered in."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from service.schemas.fields import View


def as_text(value: Any) -> Any:
    """Return a cursor as text; a number stands for a place in a sequence."""
    return str(value) if isinstance(value, int) else value


class Page[Row](View):
    """One page of a list; ask on with `?after=` the value of `next`."""

    items: list[Row]
    next: Annotated[str, BeforeValidator(as_text)] | None = Field(
        description="Null on the last page."
    )
