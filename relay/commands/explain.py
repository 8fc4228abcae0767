"""`relay explain`: what became of a message or a bulk, from the topics alone; or how an account stands."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import RenderableType

from relay.commands.asking import answered, named_kafka, show
from relay.commands.options import BootstrapOption, ConfigOption, JsonOption
from relay.configuration import Settings
from relay.explain.accounts import AccountExplanation, explained_account, search_account
from relay.explain.bulk_search import search_bulk
from relay.explain.bulks import BulkExplanation, explained_bulk
from relay.explain.candidates import candidates_of
from relay.explain.reading import KafkaReads, reads_of
from relay.explain.rendering import account_view, bulk_view, message_view
from relay.explain.search import search
from relay.explain.timeline import Explanation, explained
from relay.kafka.connection import client_options
from relay.printable import printable

app = typer.Typer(add_completion=False)

_T = TypeVar("_T")


@app.command("explain")
def explain(
    message_id: Annotated[
        str | None, typer.Argument(help="A message_id, an extra_id, or a bulk_id.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", "-a", help="Search this account only; alone: explain the account.")
    ] = None,
    whole: Annotated[  # noqa: FBT002 - typer's way to say a flag
        bool, typer.Option("--whole", help="Read the topics whole, not only the time that the message lived in.")
    ] = False,
    bulk: Annotated[bool, typer.Option("--bulk", help="The id is a bulk's, whatever message has it, too.")] = False,  # noqa: FBT002 - typer's way to say a flag
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Tell what became of a message: its requests, answers, state and events in order of time; or of an account."""
    if message_id is not None and not _is_id(message_id):
        raise typer.BadParameter("must be an id in valid UTF-8, not empty", param_hint="MESSAGE_ID")
    if message_id is None and account is None:
        raise typer.BadParameter("name a message, or an account with --account", param_hint="MESSAGE_ID")
    settings = named_kafka(config, bootstrap_servers)
    if message_id is None:
        of_account = _account(settings, account)
        _tell(of_account, account_view, json_=json_)
        if of_account.missing:
            raise typer.Exit(1)
        return
    of_message, of_bulk = _found(settings, message_id, account, whole=whole, bulk=bulk)
    if of_bulk is not None and (of_bulk.known or of_message is None):
        there = of_bulk.known
        _tell(of_bulk, bulk_view if there else None, json_=json_)
    else:
        assert of_message is not None
        there = of_message.known or bool(of_message.entries)
        _tell(of_message, message_view if there else None, json_=json_)
    if not there:
        where = account or "any configured account"
        typer.echo(f"no record of {printable(message_id)} in {where}: not on the topics, or not any more", err=True)
        raise typer.Exit(1)


def _is_id(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # bytes of the command line that are no UTF-8
        return False


def _found(
    settings: Settings, asked: str, account: str | None, *, whole: bool, bulk: bool
) -> tuple[Explanation | None, BulkExplanation | None]:
    """Search for a message, and for a bulk where it is none; None: not searched for."""
    candidates, one_account = candidates_of(settings, account), account is not None

    async def search_both(reads: KafkaReads) -> tuple[Explanation | None, BulkExplanation | None]:
        of_message = None
        if not bulk:
            found = await search(reads, candidates, asked, one_account=one_account, whole=whole)
            of_message = explained(found, candidates, settings.accounts, datetime.now(UTC))
            if of_message.known:
                return of_message, None
        of_bulk = await search_bulk(reads, candidates, asked, one_account=one_account, whole=whole)
        return of_message, explained_bulk(of_bulk, settings.accounts, datetime.now(UTC))

    return _read(settings, search_both)


def _account(settings: Settings, account: str | None) -> AccountExplanation:
    (candidate,) = candidates_of(settings, account)
    findings = _read(settings, lambda reads: search_account(reads, candidate))
    return explained_account(findings, candidate, datetime.now(UTC))


def _read(settings: Settings, search_in: Callable[[KafkaReads], Awaitable[_T]]) -> _T:
    options = client_options(settings.kafka)

    async def searched() -> _T:
        async with reads_of(settings, options) as reads:
            return await search_in(reads)

    return answered(searched(), "Kafka can't be read")


def _tell(
    explanation: Explanation | BulkExplanation | AccountExplanation,
    view: Callable[[Any], RenderableType] | None,
    *,
    json_: bool,
) -> None:
    """Print an explanation; without a view there is nothing to show to people."""
    if explanation.missing:
        names = ", ".join(explanation.missing)
        fix = "allow Read on them, or `relay topics create`"
        typer.echo(f"not read, for they are missing, or we have no right to Read them: {names}; {fix}", err=True)
    if json_:
        typer.echo(json.dumps(explanation.as_json()))
    elif view is not None:
        show(view(explanation))
