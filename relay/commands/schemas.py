"""`relay schemas`: writes what is generated of the contracts, checks it, and holds it against what was released."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from relay import releases
from relay.commands.options import UnusedConfigOption
from relay.compatibility.changes import Direction, Verdict, judged
from relay.compatibility.comparing import compared
from relay.configuration import TopicSettings
from relay.contracts import schemas
from relay.mistakes import ConfigurationError
from relay.reference import documents
from relay.reference.topics import NotPresentable

app = typer.Typer(
    help="The JSON Schemas and the reference of the topics' contracts.", no_args_is_help=True, add_completion=False
)

FolderOption = Annotated[Path, typer.Option("--folder", help="Where the schemas lie.")]
DocsOption = Annotated[Path, typer.Option("--docs", help="Where the reference lies.")]
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JSON Schema.")]
SideOption = Annotated[
    Direction, typer.Option("--direction", help="input: producers write by it; output: consumers read by it.")
]
FOLDER, DOCS = Path("schemas"), Path("docs")
_REMEDY: Final = (
    "what was released stays: take back what the lines above name, or publish it as a new version beside the old one"
    " (schemas/README.md, Versions and releases)"
)


@app.command("write")
def write(
    folder: FolderOption = FOLDER,
    docs: DocsOption = DOCS,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Write the schemas and the reference generated from the code."""
    try:
        _write(folder, docs)
    except OSError as error:
        _refuse([f"{error.filename}: can't be written ({error.strerror}); choose others by --folder and --docs"])


def _write(folder: Path, docs: Path) -> None:
    written = schemas.write(folder)
    for path in written:
        typer.echo(f"written: {path}")
    try:
        for path in documents.write(docs, _names()):
            typer.echo(f"written: {path}")
    except NotPresentable as error:
        _refuse([str(error)])
    typer.echo(f"{len(written)} of {len(schemas.PUBLISHED)} schemas changed")


@app.command("check")
def check(
    folder: FolderOption = FOLDER,
    docs: DocsOption = DOCS,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Compare schemas and reference with the code, and the code with every release; exit 1 if anything is wrong."""
    broken = releases.check(folder, _names())
    _refuse([*broken, *([_REMEDY] if broken else []), *schemas.check(folder), *documents.check(docs, _names())])
    typer.echo(f"{len(schemas.PUBLISHED)} schemas are up to date and keep what was released")


@app.command("release")
def release(
    version: Annotated[str, typer.Argument(help="The version that is released, such as 1.2.0.")],
    folder: FolderOption = FOLDER,
    docs: DocsOption = DOCS,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Keep what is published now as released; exit 1 if it is stale or breaks an earlier release."""
    check(folder, docs)
    try:
        kept = releases.release(folder, version, _names())
    except FileExistsError as error:
        _refuse([str(error)])
    else:
        typer.echo(f"{len(kept)} files kept in {folder / releases.RELEASED / version}")


@app.command("compare")
def compare(
    old: FileArgument,
    new: FileArgument,
    direction: SideOption,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Tell each difference of two schemas and what it means; exit 1 if one breaks somebody, or can't be judged."""
    changes = compared(_schema(old), _schema(new))
    findings = [judged(change, direction, new.name) for change in changes]
    for finding in findings:
        typer.echo(f"{finding.verdict}: {finding.text}")
    refused = sum(finding.verdict is not Verdict.HARMLESS for finding in findings)
    means = f"{refused} must not be published: keep what was, or publish a new version" if refused else "all harmless"
    typer.echo(f"{len(findings)} difference{'' if len(findings) == 1 else 's'}, {means}")
    if refused:
        raise typer.Exit(1)


def _names() -> dict[str, str]:
    """Give the topics' names as the contract has them, whatever is configured here."""
    return TopicSettings().model_dump()


def _schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_bytes())
    except ValueError:
        raise ConfigurationError([f"{path}: is not JSON; name the file of a JSON Schema"]) from None
    if not isinstance(schema, dict):
        raise ConfigurationError([f"{path}: is not a JSON Schema of an object; name one"])
    return schema


def _refuse(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)
    if lines:
        raise typer.Exit(1)
