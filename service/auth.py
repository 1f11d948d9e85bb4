"""Who asks, and what they may do: bearer keys with scopes."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Annotated, cast

from fastapi import Request, Security
from fastapi.security import HTTPBearer, SecurityScopes

from features.domain.errors import ForbiddenError, StoreUnavailableError, UnauthenticatedError
from features.store.keys import ApiKey
from service.database import Database

ADMIN = "admin"
MAX_KEY_LENGTH = 200
MAX_REMEMBERED_KEYS = 1_000
FRESH_SECONDS = 5.0

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key from `waymark keys create`; each route needs the one scope it names.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The key behind a request."""

    key_id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether the key carries a scope; `admin` carries them all."""
        return scope in self.scopes or ADMIN in self.scopes

    def require(self, scope: str, purpose: str) -> None:
        """Refuse what the key's scopes do not allow.

        Raises
        ------
        ForbiddenError
            Naming the missing scope.
        """
        if not self.may(scope):
            raise ForbiddenError(
                f"{purpose} needs a key with the scope `{scope}`; this one has "
                f"{', '.join(sorted(self.scopes)) or 'none'}."
            )


@dataclass(frozen=True, slots=True)
class _Remembered:
    key: ApiKey
    checked_at_seconds: float


class Keyring:
    """Looks keys up and remembers them for a moment, by their hash.

    A revoked key stops working within `FRESH_SECONDS`. While the database is down, keys that were
    good when it was last asked go on working: nothing can be revoked then either.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    def recall(self, authorization: str) -> Caller | None:
        """Return the caller of a key looked up within the last `FRESH_SECONDS`, if it was good."""
        remembered = self._remembered.get(_digest(read_key(authorization)))
        if remembered is None or not _is_fresh(remembered):
            return None
        return _caller(remembered.key)

    def authenticate(self, authorization: str) -> Caller:
        """Find out who sends an Authorization header.

        Raises
        ------
        UnauthenticatedError
            If it holds no key, or one that is unknown or revoked.
        StoreUnavailableError
            If the database is down and the key was not seen before.
        """
        key = read_key(authorization)
        digest = _digest(key)
        try:
            with self._database.reading() as repositories:
                found = repositories.keys.find(key)
        except StoreUnavailableError:
            remembered = self._remembered.get(digest)
            if remembered is None:
                raise
            return _caller(remembered.key)
        self._remember(digest, found)
        return _caller(found)

    def forget(self) -> None:
        """Look every key up again; after one was revoked."""
        with self._lock:
            self._remembered.clear()

    def _remember(self, digest: bytes, found: ApiKey | None) -> None:
        """Keep good keys only, so that guesses cannot push them out."""
        with self._lock:
            self._remembered.pop(digest, None)
            if found is None:
                return
            self._remembered[digest] = _Remembered(found, time.monotonic())
            while len(self._remembered) > MAX_REMEMBERED_KEYS:
                self._remembered.popitem(last=False)


def read_key(authorization: str) -> str:
    """Return the key of an Authorization header.

    Raises
    ------
    UnauthenticatedError
        If the scheme is another or no key follows it.
    """
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > MAX_KEY_LENGTH or not key.isascii():
        raise UnauthenticatedError(
            "Send `Authorization: Bearer KEY`. `waymark keys create --scope SCOPE` makes a key."
        )
    return key


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _is_fresh(remembered: _Remembered) -> bool:
    return time.monotonic() - remembered.checked_at_seconds < FRESH_SECONDS


def _caller(key: ApiKey | None) -> Caller:
    if key is None:
        raise UnauthenticatedError("This key is unknown or was revoked.")
    return Caller(key_id=key.key_id, scopes=key.scopes)


async def authorise(
    request: Request,
    scopes: SecurityScopes,
    _: Annotated[object, Security(bearer)],
) -> Caller:
    """Return the caller that the key gate found, if its key has the scope the route names."""
    caller = cast("Caller", request.state.caller)
    for scope in scopes.scopes:
        caller.require(scope, "This")
    return caller


async def authorise_any(
    request: Request,
    scopes: SecurityScopes,
    _: Annotated[object, Security(bearer)],
) -> Caller:
    """Return the caller that the key gate found, if its key has one of the scopes named."""
    caller = cast("Caller", request.state.caller)
    if not any(caller.may(scope) for scope in scopes.scopes):
        caller.require("` or `".join(scopes.scopes), "This")
    return caller


Recommender = Annotated[Caller, Security(authorise, scopes=["recommend"])]
EventSender = Annotated[Caller, Security(authorise, scopes=["events"])]
Cataloguer = Annotated[Caller, Security(authorise, scopes=["catalogue"])]
CatalogueReader = Annotated[Caller, Security(authorise_any, scopes=["catalogue", "analytics"])]
Analyst = Annotated[Caller, Security(authorise, scopes=["analytics"])]
Experimenter = Annotated[Caller, Security(authorise, scopes=["experiments"])]
ExperimentReader = Annotated[Caller, Security(authorise_any, scopes=["analytics", "experiments"])]
Administrator = Annotated[Caller, Security(authorise, scopes=[ADMIN])]
