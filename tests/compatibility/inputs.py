"""What may and may not change in what producers write."""

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

REQUEST, SENT = "fetch_request", "message_sent"


GOOD: Final[tuple[Case, ...]] = (
    case(
        REQUEST, HARMLESS, "a new field", field("tenant", type="string"), "`tenant` is new: producers need not give it"
    ),
    case(REQUEST, HARMLESS, "a field that may be absent", optional("request_id"), "`request_id` may now be absent"),
    case(
        REQUEST,
        HARMLESS,
        "one more word",
        ruled("detail", **nullable(type="string", enum=["simple", "advanced", "full"])),
        "field `detail` got the new value `full`: what producers send is accepted as before",
    ),
    case(
        REQUEST, HARMLESS, "a higher limit", field("limit", **nullable(type="integer", minimum=1, maximum=5000)), "5000"
    ),
    case(REQUEST, HARMLESS, "a longer id", ruled("request_id", maxLength=256), "has `maxLength` 256 instead of 128"),
    case(REQUEST, HARMLESS, "no longest id", unruled("request_id", "maxLength"), "has `maxLength` none instead of 128"),
    case(REQUEST, HARMLESS, "null from now on", ruled("republish", type=["boolean", "null"]), "may now be null"),
    case(
        REQUEST,
        HARMLESS,
        "a number for an integer",
        field("limit", **nullable(type="number", minimum=1, maximum=1000)),
        "fraction",
    ),
    case(REQUEST, HARMLESS, "any character", unruled("request_id", "not"), "lost a rule: `not`"),
    case(REQUEST, HARMLESS, "anything", unruled("republish", "type"), "`republish` may now be anything"),
    case(SENT, HARMLESS, "no id needed", lost("", "anyOf"), "lost a rule: `anyOf`"),
    case(
        SENT,
        HARMLESS,
        "one more way to name it",
        lambda schema: schema["anyOf"].append({"required": ["bulk_id"]}),
        "one more",
    ),
    case(REQUEST, HARMLESS, "other words", ruled("account", description="Another."), "descriptions bind nobody"),
)
BAD: Final[tuple[Case, ...]] = (
    case(
        REQUEST,
        BREAKING,
        "a new field that is required",
        both(field("tenant", type="string"), required("tenant")),
        "field `tenant` is new and must always be there: producers don't give it yet",
    ),
    case(
        REQUEST, BREAKING, "a field that is required", required("message_id"), "`message_id` must now always be there"
    ),
    case(
        REQUEST,
        BREAKING,
        "a field that is gone",
        without("republish"),
        "fetch_request.v1: field `republish` is gone: producers that give it would no longer be heeded",
    ),
    case(
        REQUEST,
        BREAKING,
        "one word less",
        field("detail", default="advanced", **nullable(type="string", enum=["advanced"])),
        "field `detail` lost the value `simple`: what producers send with it would become dead letters",
    ),
    case(REQUEST, BREAKING, "a list of words", ruled("account", enum=["main"]), "`account` is limited to `main`"),
    case(REQUEST, BREAKING, "a constant", ruled("follow", const=True), "`follow` is limited to `true`"),
    case(REQUEST, BREAKING, "a lower limit", field("limit", **nullable(type="integer", minimum=1, maximum=500)), "500"),
    case(REQUEST, BREAKING, "a shorter id", ruled("request_id", maxLength=64), "has `maxLength` 64 instead of 128"),
    case(REQUEST, BREAKING, "a longer least id", ruled("request_id", minLength=8), "has `minLength` 8 instead of 1"),
    case(
        SENT,
        BREAKING,
        "null no more",
        field("ttl_seconds", type="integer", minimum=1, maximum=2147483647),
        "longer be null",
    ),
    case(REQUEST, BREAKING, "another type", field("request_id", type="integer"), "may no longer be a string"),
    case(
        REQUEST,
        BREAKING,
        "another default",
        ruled("follow", default=False),
        "has the default `false` instead of `true`",
    ),
    case(REQUEST, BREAKING, "no default", unruled("detail", "default"), 'has the default none instead of `"advanced"`'),
    case(REQUEST, BREAKING, "a pattern", ruled("account", pattern="^[a-z]+$"), "has a new rule: `pattern`"),
    case(
        REQUEST, BREAKING, "closed to additions", of("", additionalProperties=False), "no longer lets fields be added"
    ),
    case(
        REQUEST,
        BREAKING,
        "a type for a free field",
        field("follow", type="string", default=True),
        "longer be a boolean",
    ),
    case(SENT, BREAKING, "one way to name it less", lambda schema: schema["anyOf"].pop(), "one rule less in `anyOf`"),
    case(REQUEST, BREAKING, "one more rule", of("", allOf=[{"required": ["message_id"]}]), "one more rule in `allOf`"),
    case(REQUEST, BREAKING, "one of two ids", of("", anyOf=[{"required": ["bulk_id"]}]), "has a new rule: `anyOf`"),
    case(
        SENT,
        BREAKING,
        "a shorter list",
        field("channels", **nullable(type="array", items={"type": "string"}, maxItems=1)),
        "`maxItems` 1",
    ),
)
UNJUDGED: Final[tuple[Case, ...]] = (
    case(REQUEST, UNCLASSIFIED, "another not", ruled("request_id", **{"not": {"pattern": "x"}}), "has another `not`"),
    case(REQUEST, UNCLASSIFIED, "contains", ruled("account", contains={}), "has the keyword `contains`"),
    case(
        SENT,
        UNCLASSIFIED,
        "uniqueItems",
        ruled("channels", uniqueItems=True),
        "`channels` has the keyword `uniqueItems`",
    ),
)
