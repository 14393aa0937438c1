"""What the program's own quick comparisons said, just before it computed (H36)."""

from dataclasses import dataclass

from sirtdose.model.finding import Finding, Severity

_NAMED = 3


@dataclass(frozen=True)
class SelfTest:
    """How many comparisons were made, and the names of those that failed."""

    comparisons: int
    failed: tuple[str, ...] = ()


def self_test_findings(result: SelfTest | None) -> list[Finding]:
    """Comparisons that fail ask, as every number may be wrong (H36).

    >>> self_test_findings(SelfTest(83)), self_test_findings(None)[0].severity.value
    ([], 'note')
    """
    if result is None:
        return [
            Finding.of(
                "H36",
                "not checked: no self-test was made; sirtdose validate makes one",
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
            f"self-test fail ({named}{more}): sirtdose validate tells more; install "
            "it again",
        )
    ]
