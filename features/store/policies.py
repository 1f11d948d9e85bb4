"""Policies: every version is kept, since recommendations name the one that served them."""

from sqlalchemy import Connection, insert, select, update

from features.domain.catalogue import Policy
from features.domain.errors import ConflictError, NotFoundError
from features.store.documents import policy_from, to_document
from features.store.tables import policies


class Policies:
    """Versions of policies; the one put last is the current one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, policy: Policy) -> bool:
        """Keep a version and make it current; return False where it is so already."""
        body = to_document(policy)
        stored = self._connection.execute(
            select(policies.c.body, policies.c.is_current).where(
                policies.c.policy_id == policy.policy_id, policies.c.version == policy.version
            )
        ).one_or_none()
        if stored is not None and stored.body != body:
            raise ConflictError(
                f"policy {policy.policy_id} version {policy.version} is kept with other content:"
                " raise the version"
            )
        if stored is not None and stored.is_current:
            return False
        of_policy = policies.c.policy_id == policy.policy_id
        self._connection.execute(update(policies).where(of_policy).values(is_current=False))
        if stored is None:
            row = {"policy_id": policy.policy_id, "version": policy.version, "body": body}
            self._connection.execute(insert(policies), [row | {"is_current": True}])
        else:
            this = of_policy & (policies.c.version == policy.version)
            self._connection.execute(update(policies).where(this).values(is_current=True))
        return True

    def get(self, policy_id: str, version: str | None) -> Policy:
        """Return a version, or the current one; NotFoundError."""
        of_version = policies.c.is_current if version is None else policies.c.version == version
        statement = select(policies.c.body).where(policies.c.policy_id == policy_id, of_version)
        body = self._connection.scalar(statement)
        if body is None:
            named = "" if version is None else f" in version {version!r}"
            raise NotFoundError(f"there is no policy {policy_id!r}{named}")
        return policy_from(body)

    def page(self, after: str | None, limit: int | None) -> tuple[Policy, ...]:
        """Return up to `limit` current policies in order of id, those after the id `after`."""
        statement = select(policies.c.body).where(policies.c.is_current)
        if after is not None:
            statement = statement.where(policies.c.policy_id > after)
        bodies = self._connection.scalars(statement.order_by(policies.c.policy_id).limit(limit))
        return tuple(policy_from(body) for body in bodies)
