"""What is in a phantom: concentrations of its fills from what was poured."""

from collections.abc import Mapping

from sirtdose.dosimetry.commission.results import Filling
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.tables.phantom import phantom_of
from sirtdose.model.emitter import Emitter
from sirtdose.model.solid import ScanPhantom
from sirtdose.workflows.commission.request import Poured

_MOST_MBQ = 1e5
_RATIO_MAX = 1e4


def filling_of(poured: Poured, nuclide: Emitter) -> Filling:
    """Concentrations of every fill at the moment that the activity was measured.

    Raises
    ------
    InputError
        An unknown phantom or fill, or an activity or a ratio that is missing.
    """
    phantom = phantom_of(poured.phantom)
    each = _activities(poured, phantom)
    total = sum(each.values())
    if not 0 < total <= _MOST_MBQ:
        raise QuantityError(
            f"the activity in the phantom is {total:.5g} MBq: it must be above 0 and "
            f"at most {_MOST_MBQ / 1000:g} GBq; check its unit"
        )
    per_ml = {
        one.name: each.get(one.name, 0.0) / one.volume_ml
        for one in phantom.fills
        if one.known
    }
    # Nobody knows it, but it is not cold.
    per_ml |= {one.name: max(per_ml.values()) for one in phantom.fills if not one.known}
    return Filling(
        phantom,
        activity_mbq=total,
        at=poured.at,
        nuclide=nuclide,
        poured_mbq_per_ml=per_ml,
        ratio=_ratio_of(per_ml),
    )


def _ratio_of(per_ml: Mapping[str, float]) -> float | None:
    spheres, background = (per_ml.get(one, 0.0) for one in ("spheres", "background"))
    return spheres / background if spheres > 0 and background > 0 else None


def _activities(poured: Poured, phantom: ScanPhantom) -> dict[str, float]:
    """MBq in each known fill."""
    known = [one for one in phantom.fills if one.known]
    names = [one.name for one in known]
    if poured.fills_mbq:
        if poured.activity_mbq is not None or poured.ratio is not None:
            raise InputError(
                "--fill gives the activity of each fill: leave out --activity and "
                "--ratio"
            )
        strange = [one for one in poured.fills_mbq if one not in names]
        if strange:
            raise InputError(
                f"--fill {strange[0]}: the phantom '{phantom.name}' has no known fill "
                f"of this name; use {', '.join(names)}"
            )
        return dict(poured.fills_mbq)
    rest = [one.name for one in phantom.fills if not one.known]
    if rest:
        raise InputError(
            f"the phantom '{phantom.name}' has a part of unknown volume, {rest[0]}: "
            f"give --fill NAME=ACTIVITY for {', '.join(names)}, each the concentration "
            "that was poured times the volume in the phantom's file"
        )
    if poured.activity_mbq is None:
        raise InputError(
            "give --activity, what is in the whole phantom at --at, or --fill "
            f"{names[0]}=20MBq for each fill"
        )
    if len(known) == 1:
        if poured.ratio is not None:
            raise InputError(
                f"the phantom '{phantom.name}' has one fill, {names[0]}: leave out "
                "--ratio"
            )
        return {names[0]: poured.activity_mbq}
    return _by_ratio(poured, phantom, names)


def _by_ratio(
    poured: Poured, phantom: ScanPhantom, names: list[str]
) -> dict[str, float]:
    if sorted(names) != ["background", "spheres"]:
        raise InputError(
            f"the phantom '{phantom.name}' has {len(names)} fills: give --fill "
            f"NAME=ACTIVITY for {', '.join(names)}"
        )
    if poured.ratio is None:
        raise InputError(
            f"the phantom '{phantom.name}' has spheres in a background: give --ratio, "
            "the concentration in the spheres over that in the background, or --fill "
            "spheres=20MBq and --fill background=0MBq"
        )
    if not 0 < poured.ratio <= _RATIO_MAX:
        raise InputError(
            f"--ratio {poured.ratio:g}: it must be above 0 and at most "
            f"{_RATIO_MAX:g}; for spheres in a cold background give --fill "
            "spheres=20MBq"
        )
    own = {name: phantom.fill(name).volume_ml for name in names}
    spheres = poured.ratio * own["spheres"]
    background = (poured.activity_mbq or 0.0) / (own["background"] + spheres)
    return {
        "background": background * own["background"],
        "spheres": background * spheres,
    }
