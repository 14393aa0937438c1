"""`sirtdose worklist --from NODE`: the scans of treated patients in an archive."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from pydicom import Dataset

from tests.network_peers import make_object
from tests.odd_archive import OddArchive, serving
from tests.treatment_files import LINE, write_log

Run = Callable[..., Result]


def stored(study: str, day: str, patient: str = "MRN-4711") -> Dataset:
    one = make_object(1, study=study)
    one.PatientID, one.StudyDate, one.StudyTime = patient, day, "0930"
    one.Modality = "PT"
    return one


def test_what_is_in_the_archive_is_listed_and_can_be_fetched(
    run: Run, tmp_path: Path
) -> None:
    write_log(tmp_path / "log.csv", LINE)
    archive = OddArchive(
        [
            stored("1.2.840.1", "20260303"),
            stored("1.2.840.2", "20260320"),
            stored("1.2.840.3", "20260303", "XRN-9"),
        ]
    )
    site = tmp_path / "site.toml"
    with serving(archive):
        site.write_text(archive.node(), "utf-8")
        words = ("--log", tmp_path / "log.csv", "--timezone", "Europe/Rome")
        done = run(
            *("--site", site, "worklist", "--from", "pacs", *words),
            *("--out", tmp_path / "w", "--json"),
        )
    assert done.exit_code == 0, done.output
    [one] = json.loads(done.stdout)["treatments"]
    assert one["missing"] == ["files of the study: get them with `sirtdose fetch`"]
    assert [scan["day"] for scan in one["scans"]] == ["2026-03-03"]
    assert f"sirtdose fetch {tmp_path / 'w' / 'studies.csv'} --from pacs" in done.stderr
    # One patient was asked for, and nothing of anybody is shown.
    assert {each.PatientID for each in archive.asked} == {"MRN-4711"}
    for private in ("4711", "1.2.840", "DOE"):
        assert private not in done.stderr
    table = (tmp_path / "w" / "studies.csv").read_text()
    assert "4711" not in table
    assert "1.2.840.1," in table or table.rstrip().endswith("1.2.840.1")
    assert "1.2.840.2" not in table


def test_a_node_that_is_none(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE)
    words = ("--log", tmp_path / "log.csv", "--timezone", "Europe/Rome")
    done = run("worklist", "--from", "nowhere", *words)
    assert done.exit_code == 2
    assert "there is no node 'nowhere'" in done.stderr
