"""Showing what goes on: a bar on a terminal, plain lines otherwise."""

import sys
import time

from tqdm import tqdm


def say(text: str) -> None:
    """A line for the person, above any bar that is being drawn."""
    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()


class Steps:
    """Named steps of one job: a bar on a terminal, a line for each as it ends."""

    def __init__(self, label: str, total: int) -> None:
        self._bar = tqdm(
            total=total, desc=label, unit="step", leave=False, disable=None, file=sys.stderr
        )
        self._began = time.monotonic()

    def __enter__(self) -> "Steps":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def begin(self, name: str) -> None:
        """Say what is waited for now."""
        self._began = time.monotonic()
        self._bar.set_postfix_str(name)

    def end(self, name: str) -> None:
        """Say what is there, and how long it took."""
        say(f"  {name}: ready ({time.monotonic() - self._began:.1f} s)")
        self._bar.update()
