"""The demo's folder: emptied for each demo, and used by one at a time."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from relay.demo.child import DemoFailed

FOLDER = Path(".relay/demo")
LOCK = "lock"


@contextlib.contextmanager
def emptied_folder(folder: Path = FOLDER) -> Iterator[Path]:
    """Hold the folder, with nothing of the last demo in it; raises DemoFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("wb")
    except OSError as error:
        raise DemoFailed(f"{folder} can't be written ({error.strerror}); start the demo in another folder") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoFailed(f"another demo is using {folder}; end it, or start this one in another folder") from None
        for entry in folder.iterdir():
            if entry.name == LOCK:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
        yield folder
