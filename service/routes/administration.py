"""Keys and the audit trail."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from features.store.keys import ApiKey, CreatedKey
from service.auth import Administrator
from service.routes.paths import After, Limit, PathId, page_of, rows_after
from service.schemas.keys import AuditView, CreatedKeyView, KeyBody, KeyView, OverrideView
from service.schemas.pages import Page
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["administration"])

AfterSequence = Annotated[
    int | None, Query(ge=0, le=2**63 - 1, description="The `next` of the page before.")
]


@router.post("/keys", response_model=CreatedKeyView, status_code=201)
def create_key(
    body: KeyBody, caller: Administrator, service: CurrentService, now: Now
) -> CreatedKey:
    """Create a key. It is shown this once; only a hash is kept."""
    with service.database.transaction() as repositories:
        created = repositories.keys.create(body.scopes, now)
        repositories.audit.add(
            at=now,
            actor=caller.key_id,
            action="key.create",
            subject=created.key_id,
            detail={"scopes": created.scopes},
        )
    return created


@router.get("/keys", response_model=Page[KeyView])
def list_keys(
    _caller: Administrator, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List keys in order of their ids, revoked ones too."""
    with service.database.reading() as repositories:
        keys = repositories.keys.list()
    return page_of(rows_after(keys, after, "key_id"), limit, "key_id")


@router.delete("/keys/{key_id}", response_model=KeyView)
def revoke_key(key_id: PathId, caller: Administrator, service: CurrentService, now: Now) -> ApiKey:
    """Take a key out of use; other workers follow within five seconds."""
    with service.database.transaction() as repositories:
        repositories.keys.revoke(key_id, now)
        repositories.audit.add(at=now, actor=caller.key_id, action="key.revoke", subject=key_id)
        revoked = next(key for key in repositories.keys.list() if key.key_id == key_id)
    service.keyring.forget()
    return revoked


@router.post("/keys/{key_id}/rotate", response_model=CreatedKeyView, status_code=201)
def rotate_key(
    key_id: PathId, caller: Administrator, service: CurrentService, now: Now
) -> CreatedKey:
    """Put a new key with the same scopes in the place of one, which is revoked with that.

    For a change without a gap create a key, use it everywhere, and then revoke the old one.
    """
    with service.database.transaction() as repositories:
        created = repositories.keys.rotate(key_id, now)
        repositories.audit.add(
            at=now,
            actor=caller.key_id,
            action="key.rotate",
            subject=key_id,
            detail={"key_id": created.key_id},
        )
    service.keyring.forget()
    return created


@router.get("/audit", response_model=Page[AuditView])
def list_audit(
    _caller: Administrator,
    service: CurrentService,
    limit: Limit = 100,
    after: AfterSequence = None,
) -> Mapping[str, object]:
    """List administrative acts in the order they were done."""
    with service.database.reading() as repositories:
        acts = repositories.audit.list(after, limit + 1)
    return page_of(acts, limit, "sequence")


@router.get("/overrides", response_model=Page[OverrideView])
def list_overrides(
    _caller: Administrator,
    service: CurrentService,
    limit: Limit = 100,
    after: AfterSequence = None,
) -> Mapping[str, object]:
    """List recommendations that people set aside: who, why, and what was chosen instead."""
    with service.database.reading() as repositories:
        overrides = repositories.audit.overrides(after, limit + 1)
    return page_of(overrides, limit, "sequence")
