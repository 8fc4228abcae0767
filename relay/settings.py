"""Takes the TOML file and the environment, gives the settings or one line for each mistake.

The environment wins over the file, also where one holds a secret and the other names the file of it.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from relay.configuration import Settings, describe
from relay.mistakes import ConfigurationError, clause
from relay.providers import PROVIDERS
from relay.providers.account import Account

__all__ = ["ConfigurationError", "Settings", "describe", "load_settings"]

_PREFIX = "RELAY_"
_FILE_VARIABLE = "RELAY_CONFIG"
_DEFAULT_FILE = "relay.toml"
_SECRETS = frozenset({"password", "api_key", "sasl_password"})

Table = dict[str, Any]
Location = tuple[str, ...]


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Load the file `path`, else the one that RELAY_CONFIG names, else relay.toml if it exists; then the environment.

    Raises:
        ConfigurationError: with one line for each mistake; none holds a value.

    """
    file, asked_by = _file(path, environ)
    document = _document(file, asked_by) if file else {}
    variables = {_location(name): name for name in sorted(environ) if _is_setting(name)}
    tables = _overlaid(document, _nested({at: environ[name] for at, name in variables.items()}))
    source = str(file) if file else None
    try:
        return Settings.model_validate(tables, context={"source": source})
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False, include_input=False)
    # Raised out here, so that the inputs, which pydantic's error keeps, are not reachable from ours.
    lines = []
    for error in errors:
        location, section = _place(error, tables)
        origin = _variable(location, document, variables) or source or "environment"
        lines.append(f"{origin}: {'.'.join(location)}: {clause(error, section)}")
    raise ConfigurationError(lines)


def _file(path: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, str]:
    if path is not None:
        return path, str(path)
    if named := environ.get(_FILE_VARIABLE):
        return Path(named), f"{_FILE_VARIABLE}: {named}"
    default = Path(_DEFAULT_FILE)
    return (default if default.exists() else None), _DEFAULT_FILE


def _document(file: Path, asked_by: str) -> Table:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        problem = f"can't be read ({(error.strerror or 'unknown reason').lower()}); give the path of a TOML file"
    except tomllib.TOMLDecodeError as error:
        problem = _syntax(str(error))
    except UnicodeDecodeError:
        problem = "is not UTF-8 text; save it as UTF-8"
    except (ValueError, RecursionError):
        problem = "can't be parsed (a number too long, or tables too deep); correct the TOML"
    raise ConfigurationError([f"{asked_by}: {problem}"])


def _syntax(message: str) -> str:
    """Turn `Invalid value (at line 3, column 5)` into `line 3, column 5: invalid value; …`."""
    what, _, where = message.removesuffix(")").rpartition(" (at ")
    return f"{where}: {what[:1].lower()}{what[1:]}; correct the TOML there" if what else f"{message}; correct the TOML"


def _is_setting(name: str) -> bool:
    return name.startswith(_PREFIX) and name != _FILE_VARIABLE


def _location(name: str) -> Location:
    return tuple(name.removeprefix(_PREFIX).lower().split("__"))


def _nested(values: Mapping[Location, str]) -> Table:
    """Turn ("http", "port"): "1" into {"http": {"port": "1"}}; text where a table belongs stays, and is refused."""
    nested: Table = {}
    for location, value in sorted(values.items()):
        table: Table | str = nested
        for step in location[:-1]:
            table = table.setdefault(step, {}) if isinstance(table, dict) else table
        if isinstance(table, dict):
            table[location[-1]] = value
    return nested


def _overlaid(under: Table, over: Table) -> Table:
    merged = dict(under)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _overlaid(merged[key], value)
            continue
        secret = key.removesuffix("_file")
        if secret in _SECRETS:
            for sibling in {secret, f"{secret}_file"} - over.keys():
                merged.pop(sibling, None)
        merged[key] = value
    return merged


def _place(error: ErrorDetails, tables: Table) -> tuple[Location, type[BaseModel]]:
    """Give the key that an error is about, and the innermost section around it."""
    location = tuple(str(step) for step in error["loc"] if step != "[key]")
    section: type[BaseModel] = Settings
    steps = location[:-1]
    if steps[:1] == ("accounts",) and len(steps) > 1:
        provider = tables["accounts"][steps[1]].get("provider")
        known = isinstance(provider, str) and provider in PROVIDERS
        section, steps = (PROVIDERS[provider].settings if known else Account), steps[2:]
    for step in steps:
        inner = section.model_fields[step].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            section = inner
    return location, section


def _variable(location: Location, document: Table, variables: Mapping[Location, str]) -> str | None:
    """Find the variable that gave the key: itself, a list around it, or, unless the file has it, one inside it."""
    for depth in range(len(location), 0, -1):
        if location[:depth] in variables:
            return variables[location[:depth]]
    table: Any = document
    for step in location:
        table = table.get(step) if isinstance(table, dict) else None
    if table is not None:
        return None
    return next((name for at, name in variables.items() if at[: len(location)] == location), None)
