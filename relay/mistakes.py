"""Takes what pydantic refused and gives one line for each mistake: where, which key, what is wrong, what to do.

Never quotes a value: any value may be a secret in the wrong place.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from relay.printable import printable
from relay.setting_types import REFUSED

_PROBLEMS: Mapping[str, str] = {
    "missing": "is missing",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text in quotes",
    "string_unicode": "must be valid UTF-8 text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "has characters or a form that are not allowed",
    "too_short": "must not be empty",
    "literal_error": "must be {expected}",
    "path_type": "must be a path in quotes",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "dict_type": "must be a table",
}


class ConfigurationError(Exception):
    """The configuration can't be used; `lines` say why, one mistake and its remedy each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(printable(line) for line in lines)
        super().__init__("\n".join(self.lines))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Give `did you mean X? ` or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""


def clause(error: ErrorDetails, model: type[BaseModel] | None) -> str:
    """Say what is wrong with one key of the model, and what to do, in the form `problem; fix`."""
    key = str(error["loc"][-1])
    fields = model.model_fields if model else {}
    if error["type"] == "extra_forbidden":
        known = ", ".join(fields)
        return f"is not a known key; {suggestion(key, fields)}known here: {known}"
    context = error.get("ctx", {})
    if error["type"] == REFUSED:
        problem, fix = context["problem"], context["fix"]
    else:
        problem, fix = _PROBLEMS.get(error["type"], "is not valid").format(**context), ""
    return f"{problem}; {fix or _fix(error, fields)}"


def _fix(error: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    for key in reversed(error["loc"]):
        if isinstance(key, str) and key in fields:
            return f"set {fields[key].description}"
    return "see the documentation of the configuration"
