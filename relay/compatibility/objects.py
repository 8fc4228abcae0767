"""Two objects' fields: those that came, those that went, those that became required, and whether others may come."""

from collections.abc import Callable, Iterator

from relay.compatibility.changes import Change, Kind
from relay.compatibility.keywords import Schema, bare, written
from relay.compatibility.places import Place

NodeChanges = Callable[[Schema, Schema, Place], Iterator[Change]]


def object_changes(before: Schema, after: Schema, place: Place, node_changes: NodeChanges) -> Iterator[Change]:
    """Give the differences of two objects; `node_changes` compares what a field of both holds."""
    old, new = before.get("properties", {}), after.get("properties", {})
    was_required, is_required = set(before.get("required", ())), set(after.get("required", ()))
    yield from _openness_changes(
        before.get("additionalProperties", True), after.get("additionalProperties", True), place
    )
    for name in sorted(old.keys() - new.keys()):
        yield place.field(name).change("is gone", Kind.REMOVED)
    for name in sorted(new.keys() - old.keys()):
        yield _new_field(place.field(name), before.get("additionalProperties", True), required=name in is_required)
    for name in sorted(old.keys() & new.keys()):
        yield from node_changes(old[name], new[name], place.field(name))
    known = old.keys() & new.keys() | ((was_required | is_required) - old.keys() - new.keys())
    for name in sorted(known & (is_required - was_required)):
        yield place.field(name).change("must now always be there", Kind.NARROWED)
    for name in sorted(known & (was_required - is_required)):
        yield place.field(name).change("may now be absent", Kind.WIDENED)


def _new_field(place: Place, others: object, *, required: bool) -> Change:
    """Judge a field that nobody knew by what was said of fields that nobody knows."""
    if others is False:
        return place.change("is new where no other fields were allowed", Kind.WIDENED)
    if others is not True:
        return place.change("is new where other fields had a rule", Kind.UNCLEAR)
    if required:
        return place.change("is new and must always be there", Kind.APPEARED)
    return place.change("is new", Kind.ADDED)


def _openness_changes(before: object, after: object, place: Place) -> Iterator[Change]:
    if written(bare(before)) == written(bare(after)):
        return
    if after is False:
        yield place.change("no longer lets fields be added", Kind.CLOSED)
    elif (before, after) == (False, True):
        yield place.change("now lets fields be added", Kind.WIDENED)
    else:
        yield place.change("has another rule for other fields", Kind.UNCLEAR)
