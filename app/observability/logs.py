"""The log: one line an event on standard error, for people or JSON.

Events of ours go straight out; what libraries and Flask log goes through `logging` to the same
lines.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.observability.request_id import current_request_id

event_log = structlog.get_logger()


def configure(log_format: str) -> None:
    """Once a process is enough; again does no harm."""
    render: Processor = as_json if log_format == "json" else as_words
    structlog.configure(
        processors=[structlog.processors.add_log_level, add_time, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=StandardError,
        cache_logger_on_first_use=False,
    )
    handler = next((each for each in logging.root.handlers if isinstance(each, Handler)), None)
    if handler is None:
        handler = Handler()
        logging.root.addHandler(handler)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                add_time,
                add_request_id,
                structlog.processors.format_exc_info,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )


class Handler(logging.StreamHandler[TextIO]):
    """To where standard error is when something is logged, which a test moves."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class StandardError:
    def __init__(self, *_: object) -> None:
        pass

    def msg(self, line: str) -> None:
        # The terminal may be gone, or the pipe: no request fails for want of a reader.
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")

    info = warning = error = msg


def add_time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    return event


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if request_id := current_request_id():
        event["request_id"] = request_id
    return event


def as_json(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, default=str)


def as_words(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    """The time, what it is, and the rest as name=value; a traceback on lines of its own."""
    time, level, what = event.pop("time"), event.pop("level"), event.pop("event")
    trace = event.pop("exception", None)
    facts = " ".join(f"{name}={value}" for name, value in event.items())
    line = f"{time[11:-1]} {level:<7} {what} {facts}".rstrip()
    return f"{line}\n{trace}" if trace else line
