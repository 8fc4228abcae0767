"""`relay simulate`: a server that plays the providers, with realistic life cycles and faults to order."""

import asyncio
from typing import Annotated, Any, Literal

import typer

from relay.commands.options import PortOption, UnusedConfigOption
from relay.mistakes import ConfigurationError
from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.simulator.invitation import invitation, placing_a_call
from relay.simulator.server import serve

app = typer.Typer(add_completion=False)

DEFAULT_PORT = 8090
HYBER, INFOBIP = HyberSite(), InfobipSite()
EXAMPLE = f"A call is placed by HTTP: `{placing_a_call(f'http://127.0.0.1:{DEFAULT_PORT}')}`"


def _hyber(text: str, **options: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="The account at Hyber", **options)


def _voice(text: str, **options: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="The account at Infobip, for voice", **options)


@app.command("simulate", epilog=EXAMPLE)
def simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: PortOption = DEFAULT_PORT,
    speed: Annotated[float, typer.Option(help="How many times faster than life messages and calls age.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed, other life cycles.")] = 0,
    unknown: Annotated[
        Literal["invent", "not_found"], _hyber("What to answer for ids that were never sent: invent a message, or not.")
    ] = "invent",
    client_id: Annotated[str, _hyber("The client id.")] = HYBER.client_id,
    username: Annotated[str, _hyber("The login.")] = HYBER.username,
    password: Annotated[str, _hyber("The password.", envvar="SIMULATOR_PASSWORD")] = HYBER.password,
    voice_auth: Annotated[Literal["basic", "app", "bearer"], _voice("The kind of credentials.")] = INFOBIP.auth,
    voice_username: Annotated[str, _voice("The login, for basic.")] = INFOBIP.username,
    voice_password: Annotated[
        str, _voice("The password, for basic.", envvar="SIMULATOR_VOICE_PASSWORD")
    ] = INFOBIP.password,
    voice_api_key: Annotated[
        str, _voice("The key, for app and bearer.", envvar="SIMULATOR_VOICE_API_KEY")
    ] = INFOBIP.api_key,
    voice_path: Annotated[str, _voice("One more path of the reports, beside both documented ones.")] = INFOBIP.path,
    voice_logs_path: Annotated[
        str, _voice('The path of the log that can be read again; "" for none.')
    ] = INFOBIP.logs_path,
    voice_log_seconds: Annotated[float, _voice("How far back the log reaches.", min=0)] = INFOBIP.log_seconds,
    voice_xml: Annotated[
        Literal["result", "results"], _voice("The element of one report in XML.")
    ] = INFOBIP.xml_layout,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Play the providers until Ctrl-C, and say at the start what to write into relay.toml."""
    hyber = HyberSite(client_id=client_id, username=username, password=password)
    infobip = InfobipSite(
        auth=voice_auth,
        username=voice_username,
        password=voice_password,
        api_key=voice_api_key,
        path=_checked("--voice-path", voice_path),
        logs_path=voice_logs_path and _checked("--voice-logs-path", voice_logs_path),
        log_seconds=voice_log_seconds,
        xml_layout=voice_xml,
    )
    _serve(host, port, hyber, infobip, speed=speed, seed=seed, unknown=unknown)


def _serve(host: str, port: int, hyber: HyberSite, infobip: InfobipSite, **life: Any) -> None:
    try:
        asyncio.run(
            serve(
                host=host,
                port=port,
                hyber=hyber,
                infobip=infobip,
                announce=lambda url: typer.echo(invitation(url, hyber, infobip)),
                **life,
            )
        )
    except OSError as error:
        raise ConfigurationError(
            [f"--port: can't listen on {host}:{port} ({error.strerror}); choose another"]
        ) from None
    except UnicodeError:
        raise ConfigurationError(["--host: is no name of a host; give an address such as 127.0.0.1"]) from None
    except ValueError as error:
        raise ConfigurationError([f"--speed: {error}"]) from None


def _checked(option: str, path: str) -> str:
    """Return a path as requests have it, which is how it is recognised."""
    if not path.startswith("/"):
        raise ConfigurationError([f'{option}: must start with "/"'])
    return path.rstrip("/")
