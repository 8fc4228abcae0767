"""What `relay check` says of one thing that it tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried; `fix` says what to do where it failed, or, of a warning, what would be better."""

    what: str
    ok: bool
    detail: str
    fix: str | None = None
    warning: bool = False
