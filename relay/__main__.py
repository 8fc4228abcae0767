"""The process's first step: what takes long to import is imported where Ctrl-C already ends it without a traceback."""

import gc
import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    # Else pydantic looks for plugins in every package that is installed: the more there are, the longer it takes.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()  # what is made until the command's module is imported stays for good; it is enabled there
    try:
        from relay.commands import main as run  # noqa: PLC0415 - see above

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
