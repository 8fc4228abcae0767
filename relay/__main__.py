"""The process's first step: what takes long to import is imported where Ctrl-C already ends it without a traceback."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from relay.commands import main as run  # noqa: PLC0415 - see above

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
