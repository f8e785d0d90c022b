"""The system clock."""

import time


class SystemClock:
    """The port `Clock`."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
