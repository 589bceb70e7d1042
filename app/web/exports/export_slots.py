"""Limits exports that run at once: each occupies a web thread."""

from collections.abc import Callable
from threading import BoundedSemaphore

from flask import Response

from app.domain.errors import ExportsBusy

#: Of one web process, which has twelve threads.
AT_ONCE = 2
_places = BoundedSemaphore(AT_ONCE)


def in_a_place(make: Callable[[], Response]) -> Response:
    """The export that ``make`` begins, which keeps its place until it is sent or broken off.

    Raises ExportsBusy when there is no place.
    """
    if not _places.acquire(blocking=False):
        raise ExportsBusy
    try:
        response = make()
    except BaseException:
        _places.release()
        raise
    response.call_on_close(_places.release)
    return response
