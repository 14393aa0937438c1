"""The self-test that runs before a result, and where its own result is kept."""

import os
from pathlib import Path

import click

from sirtdose.model.self_test import SelfTest
from sirtdose.validation.kept import kept_self_test

VARIABLE = "SIRTDOSE_SELF_TEST"


def self_test() -> SelfTest:
    """The self-test of this installation, as its user's folder may have it of today.

    The variable SIRTDOSE_SELF_TEST names another file; an empty one none. Of a user
    without a home nothing is kept: it would go to the folder where the program runs.
    """
    return kept_self_test(_kept_in())


def _kept_in() -> Path | None:
    named = os.environ.get(VARIABLE)
    if named is None:
        own = Path(click.get_app_dir("sirtdose")) / "self_test.json"
        return own if own.is_absolute() else None
    try:
        return Path(named).expanduser() if named else None
    except RuntimeError:
        return None
