"""What the policy lets a viewer see, for kinds whose bodies speak of features."""

from __future__ import annotations

from twin.errors import NotFoundError
from twin.model import policy
from twin.model.view import Viewer
from twin.store.base import Store


def policies_in(store: Store) -> policy.Policies:
    """The policies in force."""
    try:
        record = store.record(policy.KIND, policy.CURRENT)
    except NotFoundError:
        return policy.DEFAULT
    return policy.from_json(record.body["policy"], record.version)


def sees_everything(store: Store, viewer: Viewer) -> bool:
    """Whether the policy hides nothing from a viewer."""
    return policies_in(store).of(viewer).sees_everything
