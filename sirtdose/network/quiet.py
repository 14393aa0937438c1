"""Nothing that a library logs or warns of is shown: it may hold names."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def silence() -> None:
    """Have pynetdicom log nothing: what matters is said by us."""
    from pynetdicom import _config

    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
    _config.LOG_HANDLER_LEVEL = "none"


@contextmanager
def without_warnings() -> Iterator[None]:
    """Oddities in what others send are answered, not warned of or logged."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            for package in ("pydicom", "pynetdicom"):
                warnings.filterwarnings("ignore", category=UserWarning, module=package)
            yield
    finally:
        logger.setLevel(level)
