"""Gates of unequal brightness: right for each unit, by numbers worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sirtdose.checks.header import image_findings
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.gate_files import gates_together
from sirtdose.model.finding import Severity
from sirtdose.model.gates import Gates
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Doubt, Quantity, Source, Volume

# 24 voxels of 6 mm3, so a total is 24 times a value.
GRID = Grid.regular((2, 3, 4), spacing_mm=(3.0, 2.0, 1.0))
BQ_PER_ML, COUNTS = Quantity.ACTIVITY_CONCENTRATION, Quantity.COUNTS


def gates_in(
    quantity: Quantity,
    values: Sequence[float],
    durations_s: Sequence[float | None] | None = None,
    modality: str = "NM",
) -> list[Volume]:
    return [
        Volume(
            np.full(GRID.shape, value),
            GRID,
            quantity,
            Source(modality=modality, frame_duration_s=seconds),
        )
        for value, seconds in zip(
            values, durations_s or [None] * len(values), strict=True
        )
    ]


def told(image: Volume) -> tuple[float, Gates, tuple[Doubt, ...]]:
    """The value of every voxel, the gates, and what is asked."""
    assert image.gates is not None
    assert image.source is not None
    assert image.data.min() == pytest.approx(image.data.max())
    np.testing.assert_allclose(image.gates.mean(), image.data, rtol=1e-6)
    return float(image.data[0, 0, 0]), image.gates, image.source.doubts


def brightness(gates: Gates) -> list[float]:
    return [float(one[0, 0, 0]) for one in gates.data]


def test_counts_add_up_by_their_durations() -> None:
    """10 counts in 5 s and 30 in 15 s are 40 in 20 s, at one rate all the time."""
    value, gates, asked = told(gates_together(gates_in(COUNTS, (10, 30), (5, 15))))
    assert value == 40
    assert gates.fractions == (0.25, 0.75)
    assert brightness(gates) == pytest.approx([40, 40])
    assert "ActualFrameDuration (0018,1242)" in gates.timed
    assert asked == ()


def test_concentrations_are_means_by_their_durations() -> None:
    """(5 x 104 + 15 x 96) / 20 = 98 Bq/mL."""
    value, gates, asked = told(gates_together(gates_in(BQ_PER_ML, (104, 96), (5, 15))))
    assert value == pytest.approx(98)
    assert gates.fractions == (0.25, 0.75)
    assert brightness(gates) == [104, 96]
    assert asked == ()


@pytest.mark.parametrize("seconds", [None, 20.0])
def test_unequal_counts_without_durations_ask_and_give_the_time(
    seconds: float | None,
) -> None:
    """The same duration in every header is that of a view: it tells nothing."""
    images = gates_in(COUNTS, (10, 30), (seconds, seconds))
    value, gates, [asked] = told(gates_together(images))
    assert value == 40
    assert gates.fractions == (0.25, 0.75)
    assert brightness(gates) == pytest.approx([40, 40])
    assert gates.timed == "taken from their counts"
    assert asked.code == "H12"
    assert "gate 1 240 counts, gate 2 720 counts" in asked.said
    assert asked.used.endswith("each gate's time is by them (gate 1 25%, gate 2 75%)")


def test_counts_that_do_not_follow_their_durations_ask() -> None:
    """Rates that were called counts: 10 and 10 in 5 s and 15 s."""
    value, gates, [asked] = told(gates_together(gates_in(COUNTS, (10, 10), (5, 15))))
    assert value == 20
    assert gates.fractions == (0.25, 0.75)
    assert brightness(gates) == pytest.approx([40, 40 / 3])
    assert "gate 1 240 counts in 25% of the time" in asked.said
    assert "counts and not rates" in asked.said


@pytest.mark.parametrize("durations_s", [None, (5, 15)])
def test_unequal_concentrations_ask(durations_s: Sequence[float] | None) -> None:
    """144 mm3 of 1e9 and 2e9 Bq/mL are 144 and 288 MBq."""
    images = gates_in(BQ_PER_ML, (1e9, 2e9), durations_s)
    value, gates, [asked] = told(gates_together(images))
    assert value == pytest.approx(1.75e9 if durations_s else 1.5e9)
    assert brightness(gates) == [1e9, 2e9]
    assert "gate 1 144 MBq" in asked.said
    assert "gate 2 288 MBq" in asked.said


@pytest.mark.parametrize("quantity", [COUNTS, BQ_PER_ML])
def test_a_few_percent_are_breathing_and_counting(quantity: Quantity) -> None:
    """96 and 104 are 4 % from their mean, 88 and 112 are 12 %."""
    _, gates, asked = told(gates_together(gates_in(quantity, (96, 104))))
    assert (gates.fractions, asked) == ((0.5, 0.5), ())
    _, _, asked = told(gates_together(gates_in(quantity, (88, 112))))
    assert len(asked) == 1


def test_a_file_without_a_header_asks_too() -> None:
    image = gates_together(gates_in(COUNTS, (10, 30), modality="file"))
    found = image_findings(
        source=image.source,
        nuclide=Nuclide.named("Y-90"),
        nuclide_given=True,
        header_nuclide_was=None,
        device=None,
    )
    [asked] = [one for one in found if one.severity is Severity.ASK]
    assert asked.code == "H12"
    assert "give one image of the whole scan. If accepted, the counts" in asked.message


def test_what_every_gate_says_is_kept() -> None:
    one, other = gates_in(COUNTS, (10, 10))
    assert other.source is not None
    doubt = Doubt("H17", "a slice is missing", "it is left out")
    other = replace(other, source=replace(other.source, doubts=(doubt,)))
    assert told(gates_together([one, other]))[2] == (doubt,)


def test_what_cannot_be_one_image_is_refused() -> None:
    counts = gates_in(COUNTS, (10, 10))
    with pytest.raises(QuantityError, match="gate 2 is in Bq/mL, gate 1 in counts"):
        gates_together([counts[0], *gates_in(BQ_PER_ML, (10,))])
    with pytest.raises(QuantityError, match="gate 2 has no counts"):
        gates_together(gates_in(COUNTS, (10, 0)))
    with pytest.raises(InputError, match="gate 2 does not state its duration"):
        gates_together(gates_in(COUNTS, (10, 10, 10), (5, None, 5)))
    other = counts[1]
    assert other.source is not None
    other = replace(other, source=replace(other.source, corrections=("ATTN",)))
    with pytest.raises(InputError, match=r"another CorrectedImage \(0028,0051\)"):
        gates_together([counts[0], other])
