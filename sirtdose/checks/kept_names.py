"""Patient identifiers in names that de-identified results keep (H33)."""

from collections import Counter
from collections.abc import Sequence

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.patient_link import PatientLink

_SHOWN_MAX = 8


def kept_name_findings(
    texts: Sequence[tuple[str, str]], people: Sequence[PatientLink]
) -> list[Finding]:
    """Patient identifiers in names that results keep.

    Parameters
    ----------
    texts : sequence of (str, str)
        Kind of text, such as "structure names", and the text itself.
    people : sequence of PatientLink
        Patients of the inputs; empty if the inputs name none.
    """
    if not any(one.patient_id or one.patient_name for one in people):
        kept = sorted({text for what, text in texts if what == "structure names"})
        if not kept:
            return []
        return [
            Finding.of(
                "H33",
                "names could not be checked, because no input names the patient: "
                f"results keep {_listed(kept)}",
                severity=Severity.WARN,
            )
        ]
    telling = Counter(
        what for what, text in texts if any(one.names(text) for one in people)
    )
    if not telling:
        return []
    # The names themselves are not repeated: they are the patient's.
    listed = ", ".join(f"{what} ({count})" for what, count in telling.items())
    return [
        Finding.of(
            "H33",
            "the patient's name, ID, birth date or accession number appears in what "
            f"results keep: {listed}; rename it in the input or on the command line",
        )
    ]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{one}'" for one in names[:_SHOWN_MAX])
    more = len(names) - _SHOWN_MAX
    return f"{shown} and {more} more" if more > 0 else shown
