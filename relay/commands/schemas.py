"""`relay schemas`: writes the JSON Schemas of the contracts, or checks that the written ones are up to date."""

from pathlib import Path
from typing import Annotated

import typer

from relay.contracts import schemas

app = typer.Typer(help="The JSON Schemas of the topics' contracts.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option("--folder", help="Where the schemas lie.")]
FOLDER = Path("schemas")


@app.command("write")
def write(folder: FolderOption = FOLDER) -> None:
    """Write the schemas generated from the code."""
    written = schemas.write(folder)
    for path in written:
        typer.echo(f"written: {path}")
    typer.echo(f"{len(written)} of {len(schemas.PUBLISHED)} schemas changed")


@app.command("check")
def check(folder: FolderOption = FOLDER) -> None:
    """Compare the schemas with the code; exit 1 if they differ."""
    differences = schemas.check(folder)
    for line in differences:
        typer.echo(line, err=True)
    if differences:
        raise typer.Exit(1)
    typer.echo(f"{len(schemas.PUBLISHED)} schemas are up to date")
