"""`relay dead-letters`: lists refused records, shows one, and writes them back to where they came from."""

import contextlib
import json
import sys
from collections.abc import Coroutine, Iterable, Iterator
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from relay.commands.asking import answered, instant_of, is_wide, named_kafka, show
from relay.commands.options import BootstrapOption, ConfigOption, JsonOption
from relay.configuration import Settings
from relay.contracts.dead_letter import DeadLetter, restore
from relay.explain.entries import Found
from relay.letters.choosing import NoSuchLetter, Page, Wanted, page
from relay.letters.marks import MarksUnreadable, TooScattered
from relay.letters.opening import NoLetters, opened
from relay.letters.planning import Choice, Verdict, redriven_ids
from relay.letters.redrive import Redrive, dry_run
from relay.letters.redrive import redrive as write_back
from relay.letters.redriving import RedriveFailed, Written
from relay.letters.rendering import letter_view, page_end, page_of_none, page_view, plan_view, summary
from relay.letters.stored import Shelf, letter_in
from relay.printable import printable

app = typer.Typer(help="The records that the relay refused.", no_args_is_help=True, add_completion=False)

CodesOption = Annotated[list[str] | None, typer.Option("--code", help="Only those refused with this code.")]
TopicsOption = Annotated[list[str] | None, typer.Option("--topic", help="Only records of this topic.")]
AccountsOption = Annotated[
    list[str] | None, typer.Option("--account", "-a", help="Only records that name this account.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those refused since so long ago (90s, 15m, 1h, 2d) or an instant.")
]
PayloadOption = Annotated[bool, typer.Option("--payload", help="Write the payload's exact bytes, and nothing else.")]
OnlyAcceptableOption = Annotated[
    bool, typer.Option("--only-acceptable", help="Leave out what this configuration would refuse again.")
]
_T = TypeVar("_T")
_JUDGED_ANEW = (
    "a relay that runs judges them by the configuration that it was started with; what it refuses is a new dead letter:"
    " see `relay dead-letters list --since 5m`"
)
_FAILURES = {
    NoLetters: "{0}",
    RedriveFailed: "it did not go on: {0}; what was written is remembered: run it again",
    TooScattered: "redriven and other letters lie too mixed to be remembered; redrive others of the partition, too",
    MarksUnreadable: "what was redriven can't be read: another release, or another program, committed it",
}


@app.command("list")
def list_(
    code: CodesOption = None,
    topic: TopicsOption = None,
    account: AccountsOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this one, the last of a page.")] = None,
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """List dead letters, the newest first."""
    wanted = _wanted(None, code, topic, account, since)
    settings = named_kafka(config, bootstrap_servers)
    shelf, redriven = _done(_shelf(settings))
    try:
        found = page(shelf.letters.values(), wanted, after=after, limit=limit)
    except NoSuchLetter:
        _fail(f"no dead letter {after}: not on the topic, or not any more")
    _warn_of(shelf.unreadable)
    if json_:
        typer.echo(json.dumps(_page_json(found, redriven)))
        return
    if found.letters:
        show(page_view(found, redriven, wide=is_wide()))
    if found.more:
        typer.echo(page_end(found), err=True)
    elif not found.letters:
        typer.echo("no older ones" if after else page_of_none(shelf.letters.values()), err=True)


@app.command("show")
def show_(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The dead_letter_id.", show_default=False)],
    payload: PayloadOption = False,  # noqa: FBT002 - typer's way to say a flag
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Show a whole dead letter: with whatever its record held, phone numbers included."""
    letter, redriven = _done(_one(named_kafka(config, bootstrap_servers), letter_id))
    if letter is None:
        _fail(f"no dead letter {letter_id}: not on the topic, or not any more")
    if payload:
        sys.stdout.buffer.write(restore(letter)[1] or b"")
    elif json_:
        typer.echo(json.dumps({**letter.model_dump(mode="json"), "redriven": redriven}))
    else:
        show(letter_view(letter, redriven))


@app.command("redrive")
def redrive(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Dead letters by their ids.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that were not redriven yet.")] = False,  # noqa: FBT002 - typer's way to say a flag
    code: CodesOption = None,
    topic: TopicsOption = None,
    account: AccountsOption = None,
    since: SinceOption = None,
    only_acceptable: OnlyAcceptableOption = False,  # noqa: FBT002 - typer's way to say a flag
    dry: Annotated[bool, typer.Option("--dry-run", help="Tell what would be written, and write nothing.")] = False,  # noqa: FBT002 - typer's way to say a flag
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask, on a terminal, before it is written.")] = False,  # noqa: FBT002 - typer's way to say a flag
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Write refused records back to their topics, exactly as they were, each once; a terminal sees the plan first."""
    wanted = _wanted(ids, code, topic, account, since)
    if wanted.anything != all_:
        raise typer.BadParameter("name dead letters, choose some by options, or take --all alone", param_hint="[ID]...")
    settings = named_kafka(config, bootstrap_servers)
    choice = Choice(wanted=wanted, only_acceptable=only_acceptable)
    watched = sys.stdin.isatty() and sys.stdout.isatty()
    if watched and not (dry or yes) and not _agreed(_done(dry_run(settings, choice)), wanted):
        return
    done = _done(dry_run(settings, choice) if dry else write_back(settings, choice, _bar))
    _tell(done, wanted, written=not dry, json_=json_)
    named_in_vain = any(each.letter.letter_id in wanted.ids and each.hopeless for each in done.plan)
    if done.unknown or named_in_vain:
        raise typer.Exit(1)


def _agreed(plan: Redrive, wanted: Wanted) -> bool:
    """Show what would be written, and ask whether it shall be."""
    _tell(plan, wanted, written=False, json_=False)
    return any(each.verdict is Verdict.WRITE for each in plan.plan) and typer.confirm("Write them back?", err=True)


def _wanted(
    ids: list[str] | None, code: list[str] | None, topic: list[str] | None, account: list[str] | None, since: str | None
) -> Wanted:
    return Wanted(
        ids=frozenset(ids or ()),
        codes=frozenset(code or ()),
        topics=frozenset(topic or ()),
        accounts=frozenset(account or ()),
        since=instant_of(since),
    )


async def _shelf(settings: Settings) -> tuple[Shelf, frozenset[str] | None]:
    """Read the letters, and which were redriven, as far as that can be known."""
    async with opened(settings) as letters:
        shelf, marks = await letters.shelf(), await letters.marks_if_allowed()
        return shelf, None if marks is None else redriven_ids(shelf, marks)


async def _one(settings: Settings, letter_id: str) -> tuple[DeadLetter | None, bool | None]:
    """Read one letter, and whether it was redriven."""
    held: list[DeadLetter] = []
    places: list[tuple[int, int]] = []
    sign = letter_id.encode("utf-8", "surrogateescape")

    def take(found: Found) -> None:
        letter = letter_in(found) if sign in (found.value or b"") else None
        if letter is not None and letter.dead_letter_id == letter_id:
            held[:] = [letter]
            places.append((found.partition, found.offset))

    async with opened(settings) as letters:
        await letters.read(take)
        marks = await letters.marks_if_allowed()
    redriven = None if marks is None else any(marks[partition].has(offset) for partition, offset in places)
    return (held[0] if held else None), redriven


def _done(work: Coroutine[Any, Any, _T]) -> _T:
    async def told() -> _T:
        try:
            return await work
        except tuple(_FAILURES) as failure:
            _fail(_FAILURES[type(failure)].format(failure))

    return answered(told())


def _fail(line: str) -> NoReturn:
    typer.echo(printable(line), err=True)
    raise typer.Exit(1)


def _warn_of(unreadable: Iterable[str]) -> None:
    for where in unreadable:
        typer.echo(printable(f"not a dead letter: {where}"), err=True)


def _page_json(found: Page, redriven: frozenset[str] | None) -> dict[str, Any]:
    letters = [
        {**letter.as_json(), "redriven": None if redriven is None else letter.letter_id in redriven}
        for letter in found.letters
    ]
    following = found.letters[-1].letter_id if found.more else None
    return {"dead_letters": letters, "more": found.more, "next": following, "codes": dict(found.codes.most_common())}


def _tell(done: Redrive, wanted: Wanted, *, written: bool, json_: bool) -> None:
    _warn_of(done.unreadable)
    for letter_id in done.unknown:
        typer.echo(printable(f"no dead letter {letter_id}: not on the topic, or not any more"), err=True)
    if json_:
        plan = [each.as_json() for each in done.plan]
        typer.echo(json.dumps({"dry_run": not written, "written": done.written, "dead_letters": plan}))
        return
    told = [each for each in done.plan if each.verdict is not Verdict.REDRIVEN or each.letter.letter_id in wanted.ids]
    if written:
        told = [each for each in told if each.verdict is not Verdict.WRITE]
    if told:
        show(plan_view(told))
    typer.echo(summary(done.plan, done.written if written else None))
    if not written:
        typer.echo("nothing was written", err=True)
    elif done.written:
        typer.echo(_JUDGED_ANEW, err=True)


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Written]:
    """Show how the writing goes, on a terminal."""
    console = Console(stderr=True)
    columns = TextColumn("writing back"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)
