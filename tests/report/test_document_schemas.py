"""Schemas of the documents beside plan and post: real ones hold, wrong ones do not."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from jsonschema import Draft202012Validator

from sirtdose.model.grid import Grid
from tests.centers import written
from tests.cli.post.test_registration import save
from tests.cli.test_batch import HEADER, make_case, row
from tests.lesion_files import boxes, write_follow_up, write_treatment
from tests.network_peers import LOOPBACK, STUDY, make_object, write_study
from tests.network_peers import archive as storing_archive
from tests.odd_archive import OddArchive, serving
from tests.scanned_phantom import TOML, save_scan, scanned
from tests.treatment_files import LINE, write_log, write_scan
from tests.uptake_files import write_patient

Run = Callable[..., Result]
NAMES = sorted(
    path.name.removesuffix(".schema.json")
    for path in files("sirtdose.data").joinpath("schemas").iterdir()
    if not path.name.startswith(("plan.", "post."))
)
LESIONS = "case_id,date,lesion,organ,kind,diameter_mm,state\n"
LESIONS += "p1,2026-01-05,T1,liver,target,40,\np1,2026-03-02,T1,,target,26,\n"
LABS = "case_id,date,term,value,unit,uln,lln,baseline,treated,grade,anticoagulated\n"
LABS += "p1,2026-04-01,bilirubin,30,umol/L,20,,,2026-03-02,,\n"
CASE = 'case_id = "p1"\n[values]\nlung_shunt_fraction = "12%"\nkarnofsky = 80\n'


def schema(name: str) -> dict[str, Any]:
    path = files("sirtdose.data").joinpath(f"schemas/{name}.schema.json")
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object with named keys."""
    if isinstance(part, dict):
        if "properties" in part and isinstance(part["properties"], dict):
            yield part
        for one in part.values():
            yield from objects(one)
    elif isinstance(part, list):
        for one in part:
            yield from objects(one)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_schemas_and_leave_nothing_open(name: str) -> None:
    whole = schema(name)
    Draft202012Validator.check_schema(whole)
    assert whole["properties"]["schema"] == {"const": f"sirtdose.{name}/1"}
    assert "schema" in whole["required"]
    for one in objects(whole):
        # Tolerances name any D_x; everything else is listed.
        assert one["additionalProperties"] is False or "propertyNames" in one
        assert set(one["required"]) <= {*one["properties"], "mean"}


def _doses(folder: Path) -> tuple[Path, Path, Path]:
    grid = Grid.regular((12, 14, 16), spacing_mm=(5.0, 4.0, 4.0))
    index = np.indices(grid.shape)
    dose = 200 * np.exp(-sum((index[n] - 6) ** 2 for n in range(3)) / 18)
    liver = (dose > 20).astype(np.uint8)
    for name, values in (("ours", dose), ("theirs", 1.05 * dose), ("liver", liver)):
        save(folder / f"{name}.nii.gz", values, grid)
    ours, theirs, mask = (folder / f"{n}.nii.gz" for n in ("ours", "theirs", "liver"))
    return ours, theirs, mask


def _of_archive(name: str, run: Run, folder: Path) -> Any:
    held = make_object()
    held.StudyDate = "20260302"
    site = folder / "site.toml"
    words = {
        "find": ("--date", "2026-03-02", "--show-patients"),
        "fetch": (STUDY, "--out", folder / "scans", "--reserve", "1MB"),
    }
    with serving(OddArchive([held])) as archive:
        site.write_text(archive.node(), "utf-8")
        result = run("--site", site, name, "--from", "pacs", *words[name], "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _made(name: str, run: Run, folder: Path) -> Any:
    """A real document, as a user would make it."""
    if name == "validation":
        return _validation()
    (folder / "lesions.csv").write_text(LESIONS)
    (folder / "labs.csv").write_text(LABS)
    (folder / "case.toml").write_text(CASE)
    own = {
        "batch": _batched,
        "commission": _commissioned,
        "review": partial(_reviewed, "review"),
        "accepted": partial(_reviewed, "accepted"),
        "fetch": partial(_of_archive, "fetch"),
        "find": partial(_of_archive, "find"),
        "lesions": _followed,
        "suv": _measured,
        "send": _sent,
        "worklist": _listed,
        **dict.fromkeys(("share", "point", "pooled", "ledger"), partial(_pooled, name)),
    }
    if name in own:
        return own[name](run, folder)
    ours, theirs, mask = _doses(folder)
    drawn = ("--structures", mask)
    words: dict[str, tuple[object, ...]] = {
        "check": ("check", theirs, "--against", ours, *drawn, "--out", folder / "o"),
        "cohort": ("cohort", "--simulated", "--out", folder / "o"),
        "dvh": ("dvh", ours, *drawn, "--out", folder / "o"),
        "eligibility": ("eligibility", folder / "case.toml"),
        "inspect": ("inspect", ours),
        "kernel": ("kernel", "--spacing", "4mm", "--out", folder / "o"),
        "lsf": ("lsf", "planar", "--lung-counts", "12000,10000"),
        "mmc": ("mmc", "--treated", "2026-03-02", "--cohort", "A"),
        "register": ("register", ours, *drawn, "--drawn-on", theirs),
        "response": ("response", folder / "lesions.csv", "--criteria", "recist-1.1"),
        "toxicity": ("toxicity", folder / "labs.csv", "--ctcae", "5.0"),
    }
    words["lsf"] += ("--liver-counts", "160000,90000")
    words["register"] += ("--out", folder / "o")
    if name == "plan_check":
        plan = ("--dose", "120Gy", "--perfused-volume", "1000mL", "--lung-shunt", "5%")
        assert run("plan", "mird", *plan, "--out", folder / "p").exit_code == 0
        words[name] = ("check", "--plan", folder / "p" / "plan.json")
    if name == "status":
        plan = ("--dose", "120Gy", "--perfused-volume", "1000mL", "--lung-shunt", "5%")
        assert run("plan", "mird", *plan, "--out", folder / "p").exit_code == 0
        words[name] = ("status", folder, "--show-patients")
    if name == "compare":
        words[name] = ("plan", "compare", "--perfused-volume", "1L", "--tumor")
        words[name] += ("T1=200mL@3", "--dose", "80Gy", "--normal-dose", "40Gy")
        words[name] += ("--lung-shunt", "5%", "--device", "glass")
    if name == "vial":
        words[name] = ("plan", "vial", "--activity", "3GBq")
        words[name] += ("--at", "2026-03-02T10:00+01:00", "--device", "glass")
    if name == "scan":
        scan = ("post", ours, "--no-structures", "--calibration", "image")
        words[name] = (*scan, "--administered", "1GBq", "--out", folder / "o")
    if name == "trend":
        post = ("post", ours, *drawn, "--administered", "1GBq", "--administered-at")
        post += ("2026-03-02T10:00Z", "--scan-at", "2026-03-02T12:00Z", "--no-report")
        post += ("--calibration", "image", "--out", folder / "one")
        result = run(*post, "--accept", "H13", "--reason", "an image of doses")
        assert result.exit_code == 0, result.stderr
        words[name] = ("site", "trend", folder)
    if name == "order":
        vial = ("plan", "vial", "--activity", "3GBq", "--device", "glass")
        vial += ("--at", "2026-03-04T10:00-05:00", "--choose", "7GBq@2026-03-01")
        result = run(*vial, "--out", folder / "v")
        assert result.exit_code == 0, result.stderr
        return json.loads((folder / "v" / "order.json").read_text("utf-8"))
    result = run(*words[name], "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _batched(run: Run, folder: Path) -> Any:
    for name in ("p1", "p2"):
        make_case(folder / name)
    rows = f"{row('c1', 'p1')}{row('c2', 'p2', '2')}"
    (folder / "cases.csv").write_text(HEADER + rows, "utf-8")
    words = ("batch", folder / "cases.csv", "--out", folder / "o", "--json")
    result = run(*words)
    assert result.exit_code == 6, result.stderr
    # What is printed is what is written.
    assert result.stdout == (folder / "o" / "batch.json").read_text("utf-8")
    return json.loads(result.stdout)


def _pooled(name: str, run: Run, folder: Path) -> Any:
    del run
    return written(folder)[name]


def _reviewed(name: str, run: Run, folder: Path) -> Any:
    assert run("phantom", folder / "p", "--fwhm", "0mm", "--no-noise").exit_code == 0
    given = ("--administered", "1GBq", "--method", "adaptive")
    result = run("segment", folder / "p", *given, "--out", folder / "r", "--json")
    assert result.exit_code == 0, result.stderr
    if name == "accepted":
        words = ("accept", folder / "r", "--lesion", "4", "--by", "A. Physicist")
        result = run(*words, "--json")
        assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _followed(run: Run, folder: Path) -> Any:
    one = write_treatment(folder / "one", "20260110", {"T1": 120.0, "T2": 80.0})
    two = write_treatment(folder / "two", "20260210", {"T1": 60.0, "T2": 40.0})
    later = write_follow_up(folder / "later.dcm", "20260401", boxes())
    words = ("--measurements", f"recist-1.1={folder / 'lesions.csv'}")
    result = run("lesions", one, two, "--follow-up", later, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _listed(run: Run, folder: Path) -> Any:
    write_scan(folder / "studies")
    log = write_log(folder / "log.csv", LINE, LINE.replace("2.2", "2.1"))
    words = ("--log", log, "--timezone", "Europe/Rome", "--json")
    result = run("worklist", "--from", folder / "studies", *words)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _measured(run: Run, folder: Path) -> Any:
    result = run("suv", write_patient(folder / "scan"), "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _sent(run: Run, folder: Path) -> Any:
    write_study(folder / "study", 2)
    with storing_archive(stores=lambda _: 0, commits=lambda _: None) as port:
        to = ("--to", f"{LOOPBACK}:{port}", "--aet", "PACS", "--retries", 0)
        result = run("send", folder / "study", *to, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _commissioned(run: Run, folder: Path) -> Any:
    scan = save_scan(folder / "scan.nii.gz", scanned())
    (folder / "small.toml").write_text(TOML)
    rows = [f"{a},600,{6000 * a},{900 * a}" for a in (3000, 1000, 300)]
    table = ["activity_mbq,duration_s,counts,wide_cps", *rows]
    (folder / "rates.csv").write_text("\n".join(table) + "\n")
    result = run(
        *("commission", scan, "--phantom", folder / "small.toml"),
        *("--activity", "400MBq", "--ratio", "8", "--scan-duration", "20min"),
        *("--at", "2026-03-02T08:00+01:00", "--scan-at", "2026-03-02T09:00+01:00"),
        *("--series", folder / "rates.csv", "--out", folder / "o", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def _validation() -> Any:
    from sirtdose.validation.document import validation_document
    from sirtdose.validation.run import all_checks, run_checks

    few = [one for one in all_checks(quick=True) if "half-life" in one.name][:3]
    outcomes = run_checks(few)
    return validation_document(
        list(outcomes), quick=True, started=datetime.now(UTC), seconds=0.1
    )


@pytest.mark.parametrize(
    "name", [one for one in NAMES if one not in ("verify", "second_engine")]
)
def test_a_real_document_holds_and_wrong_ones_do_not(
    run: Run, tmp_path: Path, name: str
) -> None:
    document = _made(name, run, tmp_path)
    validator = Draft202012Validator(schema(name))
    assert [error.message for error in validator.iter_errors(document)] == []
    for key in schema(name)["required"]:
        less = {one: value for one, value in document.items() if one != key}
        assert not validator.is_valid(less), f"without {key}"
    assert not validator.is_valid(document | {"more": 1})
    assert not validator.is_valid(document | {"schema": "sirtdose.other/1"})


WRONG = {
    "batch": [
        (("command",), "plan"),
        (("cases", 0, "state"), "unchanged"),
        (("cases", 0, "tumors_mean_gy"), "120 Gy"),
        (("cases", 1, "exit_code"), None),
        (("run", "cases", "c1", "seconds"), None),
    ],
    "check": [
        (("passed",), "yes"),
        (("structures", 0, "numbers", "mean", "unit"), "cGy"),
        (("structures", 0, "numbers", "mean", "ours"), "61 Gy"),
        (("structures", 0, "numbers", "max"), None),
        (("gamma", 0, "pass_fraction"), 99.8),
        (("tolerances", "gamma"), 95),
        (("tolerances", "most"), 0.1),
        (("causes", 0, "factor"), "1.05"),
        (("grid", "our_shape"), [1, 2]),
        (("inputs", 0, "sha256"), 5),
    ],
    "dvh": [
        (("structures", 0, "dose_gy", "mean"), None),
        (("structures", 0, "role"), "tumour"),
    ],
    "lsf": [
        (("lung_shunt_fraction",), 6.5),
        (("warnings",), [{"code": "22", "severity": "warn", "message": ""}]),
    ],
    "lesions": [
        (("lesions", 0, "visits", 0, "matched_by"), "guess"),
        (("lesions", 0, "sum_gy", "kernel"), "90 Gy"),
        (("visits", 0, "kind"), "scan"),
    ],
    "suv": [
        (("peak", "primary"), "hottest"),
        (("lesions", 0, "sul", "peak", "anywhere"), "6.5 g/mL"),
        (("reference", "liver", "center_mm"), [1, 2]),
        (("body", "sex"), "X"),
    ],
    "worklist": [
        (("treatments", 0, "state"), "done"),
        (("treatments", 0, "options", "device", "from"), "log.csv"),
        (("treatments", 0, "records", 0, "values", "residual", "amount"), "50"),
        (("without",), ["everything"]),
    ],
    "eligibility": [(("results", 0, "result"), "perhaps")],
    "send": [
        (("sent", 0, "status"), "0"),
        (("sent", 0, "confirmed"), "yes"),
        (("confirmation", "by"), "word of mouth"),
        (("confirmation", "answered"), None),
    ],
    "share": [
        (("at", "round"), 0),
        (("models", 0, "information"), [1.0]),
        (("models", 0, "own", "errors"), "0.1"),
    ],
    "pooled": [
        (("models", 0, "coefficients", 0, "heterogeneity", "i_squared"), 37),
        (("models", 0, "kind"), "linear"),
    ],
    "mmc": [(("cycles", 0, "dose_mg"), "12 mg")],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    real = _made(name, run, tmp_path)
    validator = Draft202012Validator(schema(name))
    for where, value in WRONG[name]:
        document = copy.deepcopy(real)
        at: Any = document
        for key in where[:-1]:
            at = at[key]
        at[where[-1]] = value
        assert not validator.is_valid(document), where
