"""Two AsyncAPI documents of ours → what changed of the topics themselves: names, direction, keys, headers."""

from collections.abc import Iterator, Mapping
from typing import Any

from relay.compatibility.changes import Change, Direction, Finding, Kind, Verdict, judged
from relay.compatibility.comparing import compared

_DIRECTIONS = {"send": Direction.OUTPUT, "receive": Direction.INPUT}


def topic_findings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Finding]:
    """Give what changed between the documents, apart from the values, whose schemas are compared on their own."""
    return [finding for name in before["channels"] for finding in _of_topic(name, before, after)]


def _of_topic(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Finding]:
    action, address = before["operations"][name]["action"], before["channels"][name]["address"]
    for change in _changes(name, before, after):
        yield judged(change, _DIRECTIONS[action], address)


def _changes(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    if name not in after["channels"]:
        yield Change(subject="the topic", what="is gone", kind=Kind.REMOVED)
        return
    old, new = (document["channels"][name]["address"] for document in (before, after))
    if old != new:
        yield Change(subject="the topic", what=f"is now called `{new}`", kind=Kind.REPLACED)
    if before["operations"][name]["action"] != after["operations"][name]["action"]:
        yield Change(subject="the topic", what="changed its direction", kind=Kind.REPLACED)
    messages = [document["components"]["messages"][name] for document in (before, after)]
    yield from compared(messages[0]["headers"], messages[1]["headers"], noun="header")
    if messages[0]["payload"] != messages[1]["payload"]:
        yield Change(subject="the value", what="has another schema", kind=Kind.REPLACED)
    keys = [{"properties": {"key": message["bindings"]["kafka"]["key"]}} for message in messages]
    yield from compared(keys[0], keys[1], noun="the record's")


def breaking(findings: list[Finding]) -> list[str]:
    """Give the texts of what must not be: what breaks somebody, and what can't be told."""
    return [finding.text for finding in findings if finding.verdict is not Verdict.HARMLESS]
