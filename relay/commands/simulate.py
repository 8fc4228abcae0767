"""`relay simulate`: a server that plays the providers, with realistic life cycles and faults to order."""

import asyncio
from typing import Annotated, Literal

import typer

from relay.mistakes import ConfigurationError
from relay.simulator.hyber import HyberSite
from relay.simulator.server import serve

DEFAULT_PORT = 8090


def simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for any free one.")] = DEFAULT_PORT,
    speed: Annotated[float, typer.Option(help="How many times faster than life messages age.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, other life cycles.")] = 0,
    unknown: Annotated[
        str, typer.Option(help="What to answer for ids that were never sent: invent a message, or not_found.")
    ] = "invent",
    client_id: Annotated[str, typer.Option(help="Hyber's client id.")] = "1021",
    username: Annotated[str, typer.Option(help="Hyber's login.")] = "login",
    password: Annotated[str, typer.Option(help="Hyber's password.", envvar="SIMULATOR_PASSWORD")] = "password",  # noqa: S107 - the simulator's own
) -> None:
    """Play the providers until Ctrl-C."""
    kind: Literal["invent", "not_found"] = "not_found" if unknown == "not_found" else "invent"
    if unknown not in ("invent", "not_found"):
        raise ConfigurationError([f"--unknown: must be invent or not_found, not {unknown!r}"])
    site = HyberSite(client_id=client_id, username=username, password=password)
    try:
        asyncio.run(serve(host=host, port=port, speed=speed, seed=seed, unknown=kind, hyber=site, announce=typer.echo))
    except OSError as error:
        raise ConfigurationError(
            [f"--port: can't listen on {host}:{port} ({error.strerror}); choose another"]
        ) from None
    except ValueError as error:
        raise ConfigurationError([f"--speed: {error}"]) from None
