"""Outlines of every reader on the page's planes, in a color each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose.dosimetry.compare.readers import Observers
from sirtdose.model.reader import reader_words
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.report.looks import Look
from sirtdose.report.outlines import smooth
from sirtdose.report.palette import READERS
from sirtdose.report.planes import Field, outline_planes
from sirtdose.report.view_data import lattice_of

_CONSENSUS = "consensus by majority"
_WHITE = "#ffffff"


def reader_planes(
    observers: Observers | None,
    consensus: Sequence[Structure],
    dose: Volume,
    shown: Field,
) -> dict[str, Any] | None:
    """Lines of what readers drew differently; None where there is nothing such.

    Parameters
    ----------
    observers : Observers or None
    consensus : sequence of Structure
        The structures that doses are of, on the dose grid.
    dose : Volume
    shown : Field
        What the page's planes show: their pictures lie under the lines.
    """
    agreed = observers.agreement if observers else None
    if observers is None or agreed is None:
        return None
    names = [one.name for one in agreed.borders]
    names += [one.name for one in agreed.lacking]
    plain = {name.strip().casefold() for name in names}

    def differs(one: Structure) -> bool:
        return one.name.strip().casefold() in plain and not one.empty

    drawn = {
        reader_words(who): [one for one in own if differs(one)]
        for who, own in observers.outlines.items()
    }
    looks = {_CONSENSUS: Look(_WHITE, _WHITE, dashed=True, short="")}
    for n, who in enumerate(drawn):
        paint = READERS[n % len(READERS)]
        again = n >= len(READERS)
        looks[who] = Look(paint.on_white, paint.on_black, dashed=again, short="")
    # Last, so that no reader's line hides it.
    drawn[_CONSENSUS] = [one for one in consensus if differs(one)]
    every = [one for own in drawn.values() for one in own]
    if not every:
        return None
    lattice = lattice_of(dose.grid, every).grid
    # One name a line: those of one reader share his color.
    outlines, owners = [], {}
    for who, own in drawn.items():
        for one in own:
            name = f"{who}: {one.name}"
            owners[name] = who
            outlines.append(smooth(replace(one, name=name), lattice))
    return {
        "planes": [
            {
                **plane,
                "outlines": [
                    {"of": owners[line["name"]], "paths": line["paths"]}
                    for line in plane["outlines"]
                ],
            }
            for plane in outline_planes(outlines, shown)
        ],
        "looks": [_legend(who, look) for who, look in looks.items() if drawn[who]],
        "names": sorted({one.name for one in every}),
    }


def _legend(who: str, look: Look) -> Mapping[str, Any]:
    on_paper = "#1f2328" if look.color == _WHITE else look.color
    return {"of": who, "color": on_paper, "dark": look.dark, "dashed": look.dashed}
