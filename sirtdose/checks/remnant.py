"""The future liver remnant, compared with what a resection needs (H45)."""

from collections.abc import Sequence

from sirtdose.data.load import table
from sirtdose.model.finding import Bound, Finding
from sirtdose.planning.remnant import Minimum, Remnant, Share

_SUBJECT = "future liver remnant"


def remnant_findings(
    remnant: Remnant | None, *, asked: bool, drawn: bool
) -> list[Finding]:
    """Future liver remnant below the published minimum for a resection (H45).

    What is missing is said only where a person `asked` for the remnant; in a case that
    was `drawn`, the whole liver is a structure.
    """
    if not asked:
        return []
    minimum = remnant.minimum if remnant else None
    if remnant is None or minimum is None or not remnant.judged:
        what, needs = _missing(remnant, drawn=drawn)
        return [Finding.not_checked("H45", what, needs=needs)]
    small = [one for one in remnant.judged if minimum.missed_by(one)]
    if not small:
        return []
    percent = 100 * minimum.fraction
    bound = Bound(percent, "%", minimum.source, minimum.verified)
    return [
        Finding.of(
            "H45",
            f"the {_SUBJECT} of {remnant.volume_ml:.0f} mL is "
            f"{_each(small, percent)}, {_short_of(minimum)} the minimum for a "
            f"resection {minimum.words}, {bound}",
            subject=_SUBJECT,
            value=100 * min(one.fraction for one in small),
            bound=bound,
            remedy=_growth(),
        )
    ]


def _missing(remnant: Remnant | None, *, drawn: bool) -> tuple[str, str]:
    """What could not be compared, and what it needs."""
    liver = "a structure of role liver" if drawn else "--liver-volume"
    if remnant is None:
        return _SUBJECT, f"{liver}, or --remnant"
    if remnant.minimum is None:
        return f"minimum of the {_SUBJECT}", "--underlying-liver"
    return _SUBJECT, f"{liver}, or --slv with --height and --weight"


def _each(small: Sequence[Share], percent: float) -> str:
    """The remnant by every denominator that makes it too small."""
    return " and ".join(
        f"{_told_apart(100 * one.fraction, percent)} % of the {one.of} "
        f"({one.of_ml:.0f} mL)"
        for one in small
    )


def _short_of(minimum: Minimum) -> str:
    return "not above" if minimum.strict else "below"


def _growth() -> str:
    """What to do, and how much growth is usual and was enough."""
    growth = table("remnant")["growth"]
    return (
        "before a resection, measure the remnant again, as the treatment is meant to "
        f"make it grow. Usual is {growth['usual_percent_per_week']:g} % a week "
        f"({growth['usual_source']}); {growth['enough_points_per_week']:g} percentage "
        f"points a week were enough ({growth['enough_source']})"
    )


def _told_apart(percent: float, bound: float) -> str:
    """A percentage with as many digits as it needs not to read like its bound.

    >>> _told_apart(35.02, 40.0), _told_apart(39.996, 40.0), _told_apart(40.0, 40.0)
    ('35.0', '39.996', '40.0')
    """
    digits = (f"{percent:.{n}f}" for n in range(1, 7))
    return next((one for one in digits if float(one) != bound), f"{percent:.1f}")
