"""Write docs/validation.md, what `sirtdose validate` compares: `make reference`.

The whole page is written here, figures by running every comparison. The digests of
shipped files are counted only: they are in sirtdose/data/checksums.json.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sirtdose.validation.document import by_group, value_words
from sirtdose.validation.run import Outcome, all_checks, run_checks

PAGE = Path(__file__).with_name("validation.md")
HEAD = """# What the numbers are checked against

*For physicists who ask what the numbers are compared with.*

`make reference` writes this page by running every comparison of `sirtdose validate`.
The figures under *here* are computed, not typed, and a test verifies this page.
`sirtdose validate` makes the same tables [on your machine](how-to/commissioning.md).
For measurements by hand, on data that are not shipped, and for times, see
[their own page](measurements.md).

{counts}
Figures have five digits. `--quick` omits those marked \\*. Expected values are in
`sirtdose/data/validation.json`. They were retyped or computed by hand from the source
in the second column.
"""
# What a reader needs to know to judge a group's table.
SAYS = {
    "planning": "Published cases have a tolerance of half their last digit. Event ABS "
    "0003, whose reported doses are 0.2 % off, has 0.25 %.",
    "kernels": "Published S values have a wider tolerance than our own simulation, "
    "because they differ from ours by up to 0.9 %.",
    "spheres": "The spheres consist of 2 mm voxels, and so do those of the random "
    "flights.",
    "real anatomy": "A liver with three tumors and 6 % of the activity in the lungs, "
    "at 4 mm, simulated with EGSnrc for this project. Its statistical uncertainty is "
    "0.01 % of the liver's mean, 0.12 % of the smallest tumor's, and 0.6 to 1.2 % of "
    "a voxel. The rows of local deposition compare it with its expected error. They "
    "do not mean agreement with Monte Carlo. The kernel has no row for the lungs, "
    "because the program gives no kernel dose there.",
    "borders of tissues": "Bone of 1.92, active liver of 1.06 and lung of 0.26 g/mL, "
    "in voxels of 4 mm. The first rows use areal density alone. The rows of radii "
    "show what that neglects: the same energy travels 1.7 % less far in lung and 3.4 "
    "% farther in bone. Collapsed cone takes this into account. The rows with a "
    "source are doses near the borders of a simulated phantom with nothing around it.",
    "registration and blur": "The outlines of the spheres and the width of the blur "
    "are known exactly here, as they never are in a patient. Registration is shown to "
    "one decimal.",
    "tables and units": "Tables of rules (grades, criteria, limits of a guideline) "
    "are compared only by their digests.",
}


def page(outcomes: Sequence[Outcome]) -> str:
    """The whole page."""
    slow = {one.check.name for one in outcomes if one.check.slow}
    parts = [HEAD.format(counts=_counts(outcomes, len(slow)))]
    for group, rows in by_group({"checks": [one.row() for one in outcomes]}).items():
        parts.append(f"## {group.capitalize()}\n")
        if group in SAYS:
            parts.append(SAYS[group] + "\n")
        parts += _files(rows) if rows[0]["unit"] == "SHA-256" else _table(rows, slow)
        parts.append("")
    return "\n".join(parts)


def _counts(outcomes: Sequence[Outcome], slow: int) -> str:
    passed = sum(one.passed for one in outcomes)
    return (
        f"**{passed} of {len(outcomes)} comparisons pass**, of which --quick makes "
        f"{len(outcomes) - slow}."
    ).replace("--quick", "`--quick`")


def _table(rows: Sequence[dict[str, Any]], slow: set[str]) -> list[str]:
    lines = [
        "| comparison | against | expected | here | tolerance | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        mark, unit = r"\*" * (row["name"] in slow), row["unit"]
        cells = (
            _plain(row["name"]) + mark,
            _plain(row["source"]),
            f"{row['expected']} {unit}".strip(),
            f"{_rounded(row['figure'])} {unit}".strip(),
            row["tolerance"],
            _verdict(row),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _files(rows: Sequence[dict[str, Any]]) -> list[str]:
    passed = sum(row["passed"] for row in rows)
    return [
        f"{passed} of {len(rows)} pass: the SHA-256 of each file of "
        "`sirtdose/data/checksums.json`, no other file beside them, and of an "
        "installed wheel the program's own files."
    ]


def _verdict(row: dict[str, Any]) -> str:
    return "pass" if row["passed"] else "FAIL"


def _plain(text: str) -> str:
    for sign in "[_*":
        text = text.replace(sign, rf"\{sign}")
    return text


def _rounded(text: str) -> str:
    try:
        return value_words(float(f"{float(text):.5g}"))
    except ValueError:
        return text


if __name__ == "__main__":
    PAGE.write_text(page(run_checks(all_checks())), "utf-8")
    print(f"Written: {PAGE.name}")
