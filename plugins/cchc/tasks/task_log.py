"""Writes the log of a task that runs in this process, in the place and the form of Airflow's pages.

A task of the scheduler has a supervising process that writes its log; a run by hand has none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import structlog
from airflow.sdk.log import init_log_file, logging_processors
from airflow.utils.helpers import log_filename_template_renderer

if TYPE_CHECKING:
    from airflow.sdk.api.datamodels._generated import TaskInstance
    from structlog.typing import EventDict

log = logging.getLogger(__name__)

# cchc's loggers don't propagate to the root's handlers (cchc.tasks.nightly).
LOGGERS = ("", "cchc")


@contextmanager
def writing_task_log(ti: TaskInstance) -> Iterator[Path]:
    """Write all lines of cchc and of Airflow about the task into the log of its try, whose path the block gets."""
    path = init_log_file(log_filename_template_renderer()(ti=ti))
    before = structlog.get_config()
    handler = _Handler()
    file = _LogFile(path)
    *processors, write = logging_processors(json_output=True)
    structlog.configure(
        processors=[*processors, _shape, write],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.BytesLogger(cast("BinaryIO", file)),
        cache_logger_on_first_use=False,
    )
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    # Airflow ends this group and begins the next one.
    structlog.get_logger(logger_name="task").info("::group::Pre Execute")
    try:
        yield path
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        structlog.configure(**before)
        file.close()


def _shape(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The event with the field names of Airflow's pages. Drops events that aren't about the task.

    Events of Airflow's API server in this process have a request's id, Python's warnings have a category.
    """
    if event.keys() & {"correlation_id", "category"}:
        raise structlog.DropEvent
    if traceback := event.pop("exception", None):
        event["error_detail"] = traceback
    return event


class _Handler(logging.Handler):
    """Passes the lines of logging to structlog, which writes them."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(logger_name=record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


class _LogFile:
    """Appends to a file. On a full disk the log ends and the task goes on; lines after the task are dropped."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            log.warning("this task leaves no log: %s", error)

    def write(self, line: bytes) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.write(self._descriptor, line)

    def flush(self) -> None:
        """Nothing to do: every line is written at once."""

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
