"""What may and may not change in what consumers read."""

from typing import Final

from tests.compatibility.changed import (
    BREAKING,
    HARMLESS,
    UNCLASSIFIED,
    Case,
    both,
    case,
    field,
    lost,
    nullable,
    of,
    optional,
    required,
    ruled,
    unruled,
    without,
)

EVENT, LETTER = "status_changed", "dead_letter"

GOOD: Final[tuple[Case, ...]] = (
    case(EVENT, HARMLESS, "a new field that may be absent", field("tenant", type="string"), "`tenant` is new"),
    case(
        EVENT,
        HARMLESS,
        "a new field that is always there",
        both(field("tenant", type="string"), required("tenant")),
        "field `tenant` is new and must always be there: consumers pass over what they don't know",
    ),
    case(EVENT, HARMLESS, "a new nested field", field("Attempt.cost", type="string"), "field `attempts[].cost` is new"),
    case(EVENT, HARMLESS, "other words", ruled("channel", description="Another."), "`channel` is described in other"),
    case(
        EVENT, HARMLESS, "other words below", ruled("Reason.code", description="Another."), "`reason.code` is described"
    ),
    case(EVENT, HARMLESS, "never null any more", field("clicks", type="integer"), "`clicks` may no longer be null"),
    case(
        EVENT, HARMLESS, "a new limit", ruled("channel", maxLength=64), "`channel` has `maxLength` 64 instead of none"
    ),
    case(EVENT, HARMLESS, "a higher least value", ruled("sequence", minimum=2), "has `minimum` 2 instead of 1"),
    case(EVENT, HARMLESS, "a new pattern", ruled("channel", pattern="^[a-z]+$"), "has a new rule: `pattern`"),
    case(EVENT, HARMLESS, "a new format", ruled("account", format="hostname"), "has a new rule: `format`"),
    case(
        EVENT,
        HARMLESS,
        "never a text any more",
        field("template_id", **nullable(type="integer")),
        "no longer be a string",
    ),
    case(LETTER, HARMLESS, "always there from now on", required("Header.name_encoding"), "must now always be there"),
    case(LETTER, HARMLESS, "one more rule", lambda schema: schema["allOf"].append({"minLength": 0}), "one more rule"),
    case(EVENT, HARMLESS, "deprecated", ruled("clicks", deprecated=True), "is described in other words"),
)
BAD: Final[tuple[Case, ...]] = (
    case(
        EVENT,
        BREAKING,
        "a field that is gone",
        without("clicks"),
        "status_changed.v1: field `clicks` is gone: consumers that read it would miss it",
    ),
    case(EVENT, BREAKING, "a nested field that is gone", without("Price.currency"), "`price.currency` is gone"),
    case(
        EVENT,
        BREAKING,
        "another name",
        both(without("extra_id"), field("external_id", type="string")),
        "`extra_id` is gone",
    ),
    case(EVENT, BREAKING, "a field that may be absent", optional("bulk_id"), "field `bulk_id` may now be absent"),
    case(EVENT, BREAKING, "a nested one that may be", optional("Call.outcome"), "`call.outcome` may now be absent"),
    case(
        EVENT,
        BREAKING,
        "one more word in a closed list",
        ruled("type", enum=["delivered", "seen", "failed", "answered", "clicked"]),
        "field `type` got the new value `clicked`: consumers that rely on what was released would fail",
    ),
    case(
        EVENT,
        BREAKING,
        "one word less",
        ruled("type", enum=["delivered", "failed", "answered"]),
        "field `type` lost the value `seen`: consumers that wait for it would wait for ever",
    ),
    case(EVENT, BREAKING, "a closed list opened", unruled("type", "enum"), "no longer limited to a list"),
    case(
        EVENT, BREAKING, "an open list closed", ruled("channel", enum=["sms", "viber"]), "is limited to `sms`, `viber`"
    ),
    case(EVENT, BREAKING, "another type", field("account", type="integer"), "`account` may now be an integer"),
    case(
        EVENT, BREAKING, "null from now on", field("account", **nullable(type="string", minLength=1)), "may now be null"
    ),
    case(EVENT, BREAKING, "null, by a list of types", ruled("account", type=["string", "null"]), "may now be null"),
    case(EVENT, BREAKING, "a fraction", ruled("sequence", type="number"), "`sequence` may now have a fraction"),
    case(EVENT, BREAKING, "any type", unruled("sequence", "type", "minimum"), "`sequence` may now be anything"),
    case(EVENT, BREAKING, "a format that is gone", unruled("occurred_at", "format"), "lost a rule: `format`"),
    case(EVENT, BREAKING, "a pattern that is gone", unruled("event_id", "pattern"), "lost a rule: `pattern`"),
    case(EVENT, BREAKING, "a lower least value", ruled("sequence", minimum=0), "has `minimum` 0 instead of 1"),
    case(EVENT, BREAKING, "no least length", unruled("channel", "minLength"), "has `minLength` none instead of 1"),
    case(EVENT, BREAKING, "an object for a list", field("attempts", type="object"), "`attempts` may now be an object"),
    case(
        EVENT,
        BREAKING,
        "another type in a list",
        field("attempts", type="array", items={"type": "string"}),
        "field `attempts[]` may now be a string",
    ),
    case(EVENT, BREAKING, "closed to additions", of("", additionalProperties=False), "no longer lets fields be added"),
    case(EVENT, BREAKING, "a part closed", of("Reason", additionalProperties=False), "`reason` no longer lets fields"),
    case(EVENT, BREAKING, "a default", ruled("inferred", default=True), "has the default `true` instead of none"),
    case(
        EVENT, BREAKING, "another $id", of("", **{"$id": "urn:delivery-relay:schema:status_changed:v2"}), "`$id` became"
    ),
    case(EVENT, BREAKING, "no id needed", lost("", "anyOf"), "the whole lost a rule: `anyOf`"),
    case(LETTER, BREAKING, "no condition", lost("Header", "if", "then"), "`headers[]` lost a rule: condition"),
    case(LETTER, BREAKING, "one rule less", lambda schema: schema["allOf"].pop(), "has one rule less in `allOf`"),
    case(
        LETTER,
        BREAKING,
        "one more encoding",
        lambda schema: schema["$defs"]["Header"]["anyOf"].append({}),
        "`headers[]` has one more rule in `anyOf`",
    ),
    case(
        LETTER, BREAKING, "a word of a pair", ruled("Source.offset", type=["integer", "string"]), "may now be a string"
    ),
)
UNJUDGED: Final[tuple[Case, ...]] = (
    case(EVENT, UNCLASSIFIED, "another pattern", ruled("event_id", pattern="^x$"), "`event_id` has another `pattern`"),
    case(EVENT, UNCLASSIFIED, "another format", ruled("occurred_at", format="date"), "has another `format`"),
    case(EVENT, UNCLASSIFIED, "another condition", of("", anyOf=[{"minLength": 1}]), "has other rules in `anyOf`"),
    case(LETTER, UNCLASSIFIED, "another if", of("Header", **{"if": {}}), "`headers[]` has another condition"),
    case(EVENT, UNCLASSIFIED, "oneOf", ruled("channel", oneOf=[{}]), "field `channel` has the keyword `oneOf`"),
    case(
        EVENT, UNCLASSIFIED, "patternProperties", of("Call", patternProperties={}), "`call` has the keyword `patternP"
    ),
    case(
        EVENT, UNCLASSIFIED, "unevaluatedProperties", of("", unevaluatedProperties=False), "the whole has the keyword"
    ),
    case(EVENT, UNCLASSIFIED, "a keyword that nobody knows", ruled("clicks", colour="red"), "has the keyword `colour`"),
    case(EVENT, UNCLASSIFIED, "one in a new field", field("new", dependentRequired={}), "field `new` has the keyword"),
    case(EVENT, UNCLASSIFIED, "another file", field("reason", **{"$ref": "https://x.example/y"}), "refers to `https:"),
    case(EVENT, UNCLASSIFIED, "a missing definition", lambda schema: schema["$defs"].pop("Price"), "refers to"),
    case(
        EVENT,
        UNCLASSIFIED,
        "a rule beside a $ref",
        of("Attempt", properties={"reason": {"$ref": "#/$defs/Reason", "minProperties": 1}}),
        "keyword `minProperties`",
    ),
    case(
        EVENT,
        UNCLASSIFIED,
        "a type beside a $ref",
        field("reason", **{"$ref": "#/$defs/Reason", "type": "object"}),
        "has `type` beside",
    ),
    case(EVENT, UNCLASSIFIED, "both lists", ruled("type", const="seen"), "`type` has `const` beside `enum`"),
    case(
        EVENT,
        UNCLASSIFIED,
        "a default in a branch",
        field("clicks", **nullable(type="integer", default=0)),
        "field `clicks` has a default within `anyOf`",
    ),
    case(EVENT, UNCLASSIFIED, "itself", field("Reason.cause", **{"$ref": "#/$defs/Reason"}), "from within itself"),
    case(
        EVENT, UNCLASSIFIED, "false", lambda schema: schema["properties"].update(clicks=False), "has the schema false"
    ),
    case(
        EVENT,
        UNCLASSIFIED,
        "a rule for additions",
        of("", additionalProperties={"type": "string"}),
        "another rule for other",
    ),
    case(
        EVENT,
        UNCLASSIFIED,
        "another dialect",
        of("", **{"$schema": "http://json-schema.org/draft-07/schema#"}),
        "`$schema` became",
    ),
)
