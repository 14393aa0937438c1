"""Self-test of the program, run just before the computation (H36)."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.self_test import SelfTest

_NAMED = 3


def self_test_findings(result: SelfTest | None) -> list[Finding]:
    """Failed comparisons of the self-test, or no self-test (H36).

    >>> self_test_findings(SelfTest(83)), self_test_findings(None)[0].severity.value
    ([], 'note')
    """
    if result is None:
        return [
            Finding.of(
                "H36",
                "installation not checked: no self-test was run; run `sirtdose "
                "validate`",
                severity=Severity.NOTE,
            )
        ]
    if not result.failed:
        return []
    named = ", ".join(result.failed[:_NAMED])
    more = ", ..." if len(result.failed) > _NAMED else ""
    return [
        Finding.of(
            "H36",
            f"{len(result.failed)} of {result.comparisons} comparisons of the "
            f"self-test fail ({named}{more}): run `sirtdose validate` for details, "
            "then install sirtdose again",
        )
    ]
