"""Writes the generated pages anew: `python -m tests.reference`."""

import sys

from tests.reference.pages import PAGES

for path, text in PAGES.items():
    path.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"written: {path.name}\n")
