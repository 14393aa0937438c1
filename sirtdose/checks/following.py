"""The checks of a plan whose outcome depends on its activities, one by one."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations

from sirtdose.checks import activity, doses, lungs
from sirtdose.checks.judge import Wanted
from sirtdose.model.finding import Finding
from sirtdose.model.treatment import Treatment

Check = Callable[[], list[Finding]]


def following(case: Treatment, wanted: Wanted) -> list[Check]:
    """Each check of one part or one injection, but for the limits.

    Apart, because a page that repeats them lists every outcome of each.

    Examples
    --------
    >>> from sirtdose.model.ledger import Lungs
    >>> from sirtdose.model.nuclide import Nuclide
    >>> from sirtdose.model.treatment import Injected
    >>> lungs = Lungs(0.05, "spect", 1.0, "default", 1.25, 62.0, 62.0)
    >>> case = Treatment((Injected("A", 25.0),), (), lungs, Nuclide.named("Y-90"))
    >>> [one.code for check in following(case, Wanted()) for one in check()]
    ['H05', 'H43']
    """
    return [
        *(partial(activity.size_of_findings, case, one) for one in case.injections),
        *(
            partial(activity.same_findings, replace(case, injections=pair))
            for pair in combinations(case.injections, 2)
        ),
        partial(activity.second_calculation, case),
        partial(doses.whole_liver_dose, case),
        *(
            partial(doses.ceiling_findings, case, one, wanted.limits, wanted.disease)
            for one in case.parts
        ),
        *(
            partial(doses.organs_at_risk, replace(case, parts=(one,)))
            for one in case.parts
        ),
        partial(lungs.shunt_findings, case),
    ]
