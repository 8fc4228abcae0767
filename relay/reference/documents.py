"""The generated documents: as files in `docs/`, written or compared, and as what the relay serves over HTTP."""

import json
from collections.abc import Mapping
from pathlib import Path

from relay.observe.health import Page
from relay.reference.asyncapi import document
from relay.reference.markdown import events_reference
from relay.reference.page import reference_page
from relay.reference.topics import NotPresentable

_HTML, _JSON = "text/html; charset=utf-8", "application/json"


def documents(names: Mapping[str, str]) -> dict[str, bytes]:
    """Give each document by its file's name; `names`: the topics' names, as in the configuration's `[topics]`."""
    made = document(names)
    return {
        "asyncapi.json": (json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode(),
        "asyncapi.html": reference_page(made, "asyncapi.json").encode(),
        "events.md": events_reference(made).encode(),
    }


def write(folder: Path, names: Mapping[str, str]) -> list[Path]:
    """Write every document that is missing or stale into the folder and give the paths written.

    Raises NotPresentable, before anything is written.
    """
    wanted = documents(names)
    folder.mkdir(parents=True, exist_ok=True)
    stale = {folder / name: body for name, body in wanted.items() if _content(folder / name) != body}
    for path, body in stale.items():
        path.write_bytes(body)
    return list(stale)


def check(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Compare the folder with the code; each difference is an instruction, none means up to date."""
    try:
        wanted = documents(names)
    except NotPresentable as error:
        return [str(error)]
    return [
        f"{folder / name} is {'missing' if _content(folder / name) is None else 'stale'}: run `relay schemas write`"
        for name, body in wanted.items()
        if _content(folder / name) != body
    ]


def pages(names: Mapping[str, str]) -> tuple[Page, ...]:
    """Give what is served: to be read, and nothing else."""
    made = documents(names)
    return (
        Page(path="/asyncapi", content_type=_HTML, body=made["asyncapi.html"]),
        Page(path="/asyncapi.json", content_type=_JSON, body=made["asyncapi.json"]),
    )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
