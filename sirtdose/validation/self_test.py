"""The comparisons that are quick enough to be made before every result."""

from functools import cache

from sirtdose.model.self_test import SelfTest
from sirtdose.validation.run import all_checks, run_checks

# No image and no array: formulas, constants, and files by their digest.
GROUPS = ("constants and decay", "planning", "files as shipped")


@cache
def self_test() -> SelfTest:
    """Compare constants, decay, planning cases and shipped files, once a process.

    Raises
    ------
    FileFormatError
        The lists of comparisons or digests are missing or damaged.

    Examples
    --------
    >>> self_test().failed
    ()
    """
    checks = [one for one in all_checks(quick=True) if one.group in GROUPS]
    outcomes = run_checks(checks)
    failed = tuple(one.check.name for one in outcomes if not one.passed)
    return SelfTest(len(outcomes), failed)
