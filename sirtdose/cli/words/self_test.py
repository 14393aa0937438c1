"""The self-test that runs before a result, and where its own result is kept."""

import os
from pathlib import Path

import click

from sirtdose.model.self_test import SelfTest
from sirtdose.validation.kept import kept_self_test

VARIABLE = "SIRTDOSE_SELF_TEST"


def self_test() -> SelfTest:
    """The self-test of this installation, as its user's folder may have it of today.

    The variable SIRTDOSE_SELF_TEST names another file; an empty one none.
    """
    named = os.environ.get(VARIABLE)
    own = Path(click.get_app_dir("sirtdose")) / "self_test.json"
    return kept_self_test(
        own if named is None else Path(named).expanduser() if named else None
    )
