"""Bounded waiting, instead of sleeping."""
import time

SECONDS_MAX = 30


def until(condition, what, seconds=SECONDS_MAX):
    """The first truthy value of condition(); fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)
