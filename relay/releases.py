"""The contracts that were released, kept beside the schemas: unchangeable, and what every later one is held against.

`released/hashes.json` names each file of each release with its SHA-256, so that a plain clone suffices.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from relay.compatibility.changes import Finding, Verdict, judged
from relay.compatibility.comparing import compared
from relay.compatibility.topics import breaking, topic_findings
from relay.contracts.schemas import PUBLISHED, file_name, generate
from relay.reference.asyncapi import document
from relay.reference.topics import NotPresentable, direction_of

RELEASED: Final = "released"
_HASHES: Final = "hashes.json"
_TOPICS: Final = "asyncapi.json"
_SCHEMA: Final = ".schema.json"
_GONE: Final = "those who write or read by it would be left alone; publish a new version beside it"

Hashes = Mapping[str, Mapping[str, str]]


def release(folder: Path, version: str, names: Mapping[str, str]) -> list[Path]:
    """Keep what is published now, with its valid examples, as what `version` promised; give the files.

    Raises FileExistsError for a version that was released: it can't be changed.
    """
    place = folder / RELEASED / version
    hashes = {**_hashes(folder)}
    if version in hashes or place.exists():
        raise FileExistsError(f"{version} was released; what was released stays: choose the next version")
    contents = _contents(folder, names)
    for name, body in contents.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    hashes[version] = {name: _hash(body) for name, body in contents.items()}
    (folder / RELEASED / _HASHES).write_text(json.dumps(hashes, indent=2) + "\n", "utf-8")
    return [place / name for name in contents]


def _contents(folder: Path, names: Mapping[str, str]) -> dict[str, bytes]:
    """Give the files of a release by their paths in it."""
    examples = sorted((folder / "examples").glob("*/valid/*.json"))
    return {
        **{file_name(name): _json(generate(name)) for name in PUBLISHED},
        _TOPICS: _json(document(names)),
        **{path.relative_to(folder).as_posix(): path.read_bytes() for path in examples},
    }


def check(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Hold what is published now against every release; each line is one thing that must not be.

    Where the reference can't be made of the models, the schemas alone are held against what was released.
    """
    hashes = _hashes(folder)
    lines = list(_tampered(folder / RELEASED, hashes))
    if lines:
        return lines
    current = {file_name(name): generate(name) for name in PUBLISHED}
    topics = _topics(names)
    for version in hashes:
        place = folder / RELEASED / version
        lines += [f"since {version}: {line}" for line in breaking(list(_findings(place, current, topics)))]
    return lines


def _topics(names: Mapping[str, str]) -> dict[str, Any] | None:
    try:
        return document(names)
    except NotPresentable:
        return None


def _findings(place: Path, current: Mapping[str, Any], topics: Mapping[str, Any] | None) -> Iterator[Finding]:
    if topics is not None:
        yield from topic_findings(_read(place / _TOPICS), topics)
    for path in sorted(place.glob(f"*{_SCHEMA}")):
        yield from schema_findings(path.name, _read(path), current.get(path.name))


def schema_findings(name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> list[Finding]:
    """Give the differences of two versions of a schema's file; `after` is None where it is gone."""
    contract = name.removesuffix(_SCHEMA)
    if after is None:
        return [Finding(verdict=Verdict.BREAKING, text=f"{contract}: the schema is gone: {_GONE}")]
    direction = direction_of(contract.partition(".")[0])
    return [judged(change, direction, contract) for change in compared(before, after)]


def _tampered(place: Path, hashes: Hashes) -> Iterator[str]:
    """Tell every released file that is not what was released."""
    listed = {f"{version}/{name}": digest for version, files in hashes.items() for name, digest in files.items()}
    paths = (path for path in place.rglob("*") if path.is_file() and path != place / _HASHES)
    present = {path.relative_to(place).as_posix(): path for path in paths}
    for name in sorted(listed.keys() | present.keys()):
        if name not in present:
            yield f"{place / name} was released and is gone: restore it"
        elif name not in listed:
            yield f"{place / name} was never released: delete it, or use `relay schemas release`"
        elif _hash(present[name].read_bytes()) != listed[name]:
            yield f"{place / name} was released and is not what it was: restore it, and publish a new version"


def _hashes(folder: Path) -> Hashes:
    path = folder / RELEASED / _HASHES
    hashes: Hashes = _read(path) if path.is_file() else {}
    return hashes


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
