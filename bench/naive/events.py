"""What comes in and what goes out of the naive services."""

from typing import Any

from pydantic import BaseModel


class FetchRequest(BaseModel):
    """Ask about a message."""

    request_id: str
    account: str
    message_id: str


class StatusChanged(BaseModel):
    """What became of it."""

    request_id: str
    message_id: str
    type: str
    channel: str
    reports: list[dict[str, Any]]


def status_changed(request: FetchRequest, answer: dict[str, Any]) -> StatusChanged:
    """Make an event of an answer."""
    last = answer["reports"][-1]
    return StatusChanged(
        request_id=request.request_id,
        message_id=request.message_id,
        type="delivered" if last["status"] == 2 else "failed",  # noqa: PLR2004 - Hyber's code
        channel=last["last_partner"],
        reports=answer["reports"],
    )
