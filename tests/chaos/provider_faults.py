"""Faults of the providers, for seconds or minutes: what they refuse, spoil, delay, and lose after consumption."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from relay.simulator.faults import Fault, FaultKind
from tests.chaos.checker import DRAINS, LOG
from tests.chaos.scene import Scene

SECONDS, MINUTES = 6.0, 120.0
ELSEWHERE = "/elsewhere"

KINDS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "429 storm": ({"kind": FaultKind.STATUS, "status": 429, "rate": 0.5},),
    "429 with Retry-After": ({"kind": FaultKind.STATUS, "status": 429, "headers": {"Retry-After": "1"}, "rate": 0.2},),
    "5xx": (
        {"kind": FaultKind.STATUS, "status": 503, "rate": 0.5},
        {"kind": FaultKind.STATUS, "status": 502, "body": b"<html>"},
    ),
    "refused credentials": ({"kind": FaultKind.STATUS, "status": 401},),
    "hangs": ({"kind": FaultKind.HANG, "rate": 0.3},),
    "slow drips": ({"kind": FaultKind.DRIP, "drip_seconds": 0.5, "rate": 0.3},),
    "truncated bodies": ({"kind": FaultKind.TRUNCATED, "rate": 0.5},),
    "garbage": (
        {"kind": FaultKind.GARBAGE, "rate": 0.3},
        {"kind": FaultKind.HTML, "rate": 0.3},
        {"kind": FaultKind.INVALID_UTF8, "rate": 0.3},
    ),
    "50 MB bodies": ({"kind": FaultKind.OVERSIZED, "size_bytes": 50_000_000, "rate": 0.02, "times": 20},),
    "wrong content types": ({"kind": FaultKind.CONTENT_TYPE, "content_type": "image/png", "rate": 0.5},),
    "redirects": ({"kind": FaultKind.STATUS, "status": 302, "headers": {"Location": ELSEWHERE}, "rate": 0.5},),
    "resets": ({"kind": FaultKind.RESET, "rate": 0.5},),
    "voice cuts after consumption": (
        {"kind": FaultKind.CUT, "account": DRAINS, "rate": 0.3},
        {"kind": FaultKind.TRUNCATED, "account": DRAINS, "rate": 0.3},
        {"kind": FaultKind.HTML, "account": DRAINS, "rate": 0.3, "consumes": True},
    ),
    "voice cuts, and its log fails": (
        {"kind": FaultKind.CUT, "account": DRAINS, "rate": 0.4},
        {"kind": FaultKind.STATUS, "account": LOG, "status": 503, "rate": 0.7},
    ),
}


OUTAGE: Mapping[str, Any] = {"kind": FaultKind.STATUS, "status": 503}


def struck_by(*faults: Mapping[str, Any], seconds: float = SECONDS) -> Callable[[Scene], Awaitable[None]]:
    """Make a fault of a round out of faults of the simulator."""

    async def struck(scene: Scene) -> None:
        scene.simulator.faults.add(*(Fault(**fault, for_seconds=seconds) for fault in faults))
        await asyncio.sleep(seconds)
        scene.simulator.faults.clear()
        if any(lookup.path.startswith(ELSEWHERE) for lookup in scene.simulator.lookups):
            scene.complaints.append("a redirect was followed")

    return struck


PROVIDER_FAULTS = {f"provider: {name}": struck_by(*faults) for name, faults in KINDS.items()} | {
    "provider: nothing but 5xx for two minutes": struck_by(OUTAGE, seconds=MINUTES)
}
