"""Logs: JSON lines on standard error, readable ones when a person watches. No words of people."""

import logging
import sys

import structlog


def set_up_logs(level: int = logging.INFO) -> None:
    """Set up structlog for the service."""
    watched = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if watched else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_standard_error,
    )


def _to_standard_error(*_names: object) -> structlog.PrintLogger:
    """Look standard error up at each line: whoever holds it now gets it."""
    return structlog.PrintLogger(sys.stderr)
