"""Let threads take turns in the order in which they ask, so that none waits for ever."""

from __future__ import annotations

import threading


class Turn:
    """Hold a lock that is given in the order of asking; a plain lock may give it to the same thread again and again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = self._served = 0

    def __enter__(self) -> None:
        with self._changed:
            mine, self._asked = self._asked, self._asked + 1
            self._changed.wait_for(lambda: self._served == mine)

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._served += 1
            self._changed.notify_all()
