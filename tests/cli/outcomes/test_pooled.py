"""`sirtdose cohort` with --share and --pool: the rounds, and what is refused."""

import csv
import json
from html.parser import HTMLParser

import pytest

from sirtdose.report.plan.hash import signed
from tests.centers import RESPONSE, cohort, pooled, responders, share, write_rows


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of three centers with all of its files."""
    folder = tmp_path_factory.mktemp("study")
    centers = [responders(40, 1), responders(50, 2), responders(60, 3)]
    document = pooled(folder, centers, *RESPONSE)
    return folder, document


def first(study):
    """The files of the first round."""
    return [study[0] / f"C{n}" / f"C{n}_0.json" for n in range(3)]


def changed(path, target, change):
    """The file with something changed, and a hash that fits it."""
    document = json.loads(path.read_text("utf-8"))
    del document["hash"]
    change(document)
    target.write_text(json.dumps(signed(document)), "utf-8")
    return target


def every(part, key, value):
    """All numbers of a list changed to one; of a file, those of its first model."""
    part = part.get("models", [part])[0]
    part[key] = [value] * len(part[key])


def pool_refused(tmp_path, *files, code=3):
    found = cohort("--pool", *files, "--out", tmp_path / "out")
    assert found.exit_code == code, found.output
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in found.stderr
    return " ".join(found.stderr.split())


class TestRounds:
    def test_what_is_typed_next_is_the_command_that_leads_on(self, study, tmp_path):
        files = first(study)
        out = tmp_path / "round"
        found = cohort("--pool", *files, "--out", out)
        assert found.exit_code == 0, found.stderr
        assert sorted(one.name for one in out.iterdir()) == ["point.json"]
        assert "not converged yet" in found.stderr
        [line] = [one for one in found.stderr.splitlines() if "--center C1" in one]
        words = line.split()
        assert words[:2] == ["sirtdose", "cohort"]
        own = study[0] / "C1" / "o.csv"
        words = [
            {"OUTCOMES.csv": own, "point.json": out / "point.json"}.get(one, one)
            for one in words[2:]
            if one != "DOSES.csv"
        ]
        words[-1] = tmp_path / words[-1]
        again = cohort(*words)
        assert again.exit_code == 0, again.stderr
        assert json.loads((tmp_path / "c1_2.json").read_text())["at"]["round"] == 2

    def test_the_order_of_files_changes_nothing(self, study, tmp_path):
        last = [max((study[0] / f"C{n}").glob("C*.json")) for n in range(3)]
        texts = []
        for number, files in enumerate((last, last[::-1])):
            out = tmp_path / f"o{number}"
            found = cohort("--pool", *files, "--out", out)
            assert found.exit_code == 0, found.stderr
            texts.append((out / "pooled.json").read_text())
        assert texts[0] == texts[1]

    def test_what_is_written(self, study):
        folder, document = study
        last = max(folder.glob("round*"))
        with (last / "pooled.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert [one["center"] for one in rows] == ["pooled", "C0", "C1", "C2"]
        [one] = document["models"][0]["coefficients"]
        assert float(rows[0]["ratio"]) == pytest.approx(one["ratio"])
        assert float(rows[0]["ratio"]) == pytest.approx(
            float(rows[0]["low"]) ** 0.5 * float(rows[0]["high"]) ** 0.5
        )
        assert sum(float(own["weight"]) for own in rows[1:]) == pytest.approx(1)
        assert (rows[0]["per"], rows[0]["unit"]) == ("10", "Gy")
        assert int(rows[0]["n"]) == 150
        page = (last / "pooled.html").read_text("utf-8")
        HTMLParser().feed(page)
        assert page.count("data:image/svg+xml") == 1
        for word in ("odds ratio", "per 10 Gy", "I2", "Q ", "df", "C0, 40 patients"):
            assert word in page

    def test_a_center_whose_own_fit_fails_is_pooled(self, tmp_path):
        # A dose divides the events of the first center from the others.
        divided = [
            {
                "case_id": f"a{n}",
                "tumor_gy": 60 + 3 * n,
                "response": "PR" if e else "SD",
            }
            for n in range(30)
            for e in [n >= 15]
        ]
        for one in divided[14:16]:
            one["tumor_gy"] = 103
        document = pooled(tmp_path, [divided, responders(50, 2)], *RESPONSE)
        [model] = document["models"]
        assert [one["failed"] for one in model["centers"]] == [
            "no finite estimate of its own",
            None,
        ]
        [one] = model["coefficients"]
        assert one["heterogeneity"] is None
        assert [own["center"] for own in one["centers"]] == ["C1"]
        page = (max(tmp_path.glob("round*")) / "pooled.html").read_text()
        assert "C0 has no finite estimate of its own" in page

    def test_the_next_command_repeats_every_option(self):
        from sirtdose.report.cohort.pooled_lines import share_command

        point = {
            "round": 3,
            "models": [
                {
                    "name": "toxicity",
                    "definition": {
                        "outcome": ["ast_grade", "ascites"],
                        "yes": None,
                        "grade_from": 2,
                        "dose": "liver_gy",
                    },
                },
                {
                    "name": "survival",
                    "definition": {
                        "time": "workup to death or last seen",
                        "event": "death",
                        "ties": "breslow",
                        "strata": ["lobes"],
                        "covariates": ["age"],
                    },
                },
            ],
        }
        assert share_command(point, "Lyon & Sud", "p.json").split("csv ")[-1] == (
            "--toxicity ast_grade --toxicity ascites --liver-dose liver_gy "
            "--toxic-from 2 --from workup --to 'death|last seen' --covariate age "
            "--stratum lobes --ties breslow --center 'Lyon & Sud' --at p.json "
            "--share lyon_sud_3.json"
        )

    def test_a_center_of_any_name(self, tmp_path):
        for name, seed in (("A <b>&$x^2$</b>", 1), ("=B", 2)):
            write_rows(tmp_path / f"{seed}.csv", responders(50, seed))
            found = cohort(
                *("--outcomes", tmp_path / f"{seed}.csv", *RESPONSE),
                *("--center", name, "--share", tmp_path / f"{seed}.json"),
            )
            assert found.exit_code == 0, found.stderr
        files = [tmp_path / f"{seed}.json" for seed in (1, 2)]
        # As if both had been computed at the result: far too near to move.
        for one in files:
            changed(one, one, lambda document: document["models"][0].update(score=[0]))
        found = cohort("--pool", *files, "--out", tmp_path / "out")
        assert found.exit_code == 0, found.stderr
        page = (tmp_path / "out" / "pooled.html").read_text("utf-8")
        assert "A &lt;b&gt;&amp;$x^2$&lt;/b&gt;, 50 patients" in page
        assert ",'=B," in (tmp_path / "out" / "pooled.csv").read_text("utf-8")

    def test_simulated_patients_are_said_to_be_so(self, tmp_path):
        simulated = ["yes"] * 50
        centers = [responders(50, n, simulated=simulated) for n in (1, 2)]
        assert pooled(tmp_path, centers, *RESPONSE)["simulated"] is True
        page = (max(tmp_path.glob("round*")) / "pooled.html").read_text()
        assert "SIMULATED" in page

    def test_a_step_that_went_too_far_is_halved(self, study, tmp_path):
        # As if the score had been nearly 0 at 0.002, where this round came from.
        before = {"point": [0.002], "decrement": 1e-9}
        test = {"chi_squared": 1.0, "degrees": 1, "p": 0.3173}
        files = [
            changed(
                one,
                tmp_path / one.name,
                lambda document: document["models"][0].update(
                    previous=before, score_test=test
                ),
            )
            for one in first(study)
        ]
        found = cohort("--pool", *files, "--out", tmp_path / "out")
        assert found.exit_code == 0, found.stderr
        [model] = json.loads((tmp_path / "out" / "point.json").read_text())["models"]
        assert model["point"] == [0.001]
        assert model["previous"] == before

    def test_no_end_of_rounds_is_refused(self, study, tmp_path):
        files = [
            changed(
                one,
                tmp_path / one.name,
                lambda document: document["at"].update(round=10),
            )
            for one in first(study)
        ]
        said = pool_refused(tmp_path, *files)
        assert "response has not converged in 10 rounds" in said


class TestOptions:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--paragraph"], "leave out --paragraph"),
            (["--out", "o"], "leave out --out"),
            (["--simulated"], "leave out --simulated"),
        ],
    )
    def test_what_a_share_has_not(self, tmp_path, words, said):
        own = write_rows(tmp_path / "o.csv", responders(40, 1))
        found = cohort(
            *("--outcomes", own, *RESPONSE, "--center", "A"),
            *("--share", tmp_path / "a.json", *words),
        )
        assert found.exit_code == 2
        assert said in " ".join(found.stderr.split())

    @pytest.mark.parametrize(
        "words",
        [
            ("--by", "response"),
            ("--landmark", "2"),
            ("--describe", "age"),
            ("--interval", "log"),
            ("--threshold", "80Gy"),
            ("--ties", "breslow"),
        ],
    )
    def test_what_has_no_effect_is_refused(self, tmp_path, words):
        own = write_rows(tmp_path / "o.csv", responders(40, 1))
        found = cohort(
            *("--outcomes", own, *RESPONSE, "--center", "A"),
            *("--share", tmp_path / "a.json", *words),
        )
        assert found.exit_code == 3
        assert f"{words[0]} has no effect on what is shared" in found.stderr
        assert not list(tmp_path.glob("*.json"))

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--share", "a.json"], "give --center"),
            (["--center", "A", "--out", "o"], "--center has no effect without --share"),
            (["--at", "p.json", "--out", "o"], "--at has no effect without --share"),
            (["--pool", "--response", "r", "--out", "o"], "leave out --response"),
            (["--pool", "a.json"], "Missing option '--out'"),
            (["--share", "a.csv", "--center", "A"], "--share writes a json file"),
        ],
    )
    def test_what_does_not_go_together(self, tmp_path, words, said):
        own = write_rows(tmp_path / "o.csv", responders(40, 1))
        given = [] if "--pool" in words else ["--outcomes", own, *RESPONSE]
        found = cohort(*dict.fromkeys([*given, *words]))
        assert found.exit_code == 2, found.output
        assert said in " ".join(found.stderr.split())

    def test_an_earlier_file_is_not_replaced(self, tmp_path):
        own = write_rows(tmp_path / "A" / "o.csv", responders(40, 1))
        file = share(tmp_path, "A", *RESPONSE)
        words = ("--outcomes", own, *RESPONSE, "--center", "A", "--share", file)
        assert cohort(*words).exit_code == 5
        assert cohort(*words, "--force").exit_code == 0

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((), "no model was chosen to share"),
            (("--covariate", "tumor_gy"), "needs --time and --event"),
            (("--time", "os_months", "--event", "dead"), "give --covariate"),
        ],
    )
    def test_a_share_needs_a_model(self, tmp_path, words, said):
        rows = responders(40, 1, os_months=[5] * 40, dead=[1] * 40)
        own = write_rows(tmp_path / "o.csv", rows)
        response = RESPONSE if "tumor_gy" in words else ()
        found = cohort(
            *("--outcomes", own, *response, *words, "--center", "A"),
            *("--share", tmp_path / "a.json"),
        )
        assert found.exit_code == 3
        assert said in " ".join(found.stderr.split())

    def test_lesions_are_not_shared(self, tmp_path):
        own = write_rows(tmp_path / "o.csv", responders(40, 1, lesion=["T1"] * 40))
        found = cohort(
            *("--outcomes", own, "--response", "response", "--center", "A"),
            *("--share", tmp_path / "a.json"),
        )
        assert found.exit_code == 3
        assert "lesions of one patient are correlated" in found.stderr

    def test_a_center_without_an_event(self, tmp_path):
        rows = [one | {"response": "SD"} for one in responders(40, 1)]
        own = write_rows(tmp_path / "o.csv", rows)
        found = cohort(
            *("--outcomes", own, *RESPONSE, "--center", "A"),
            *("--share", tmp_path / "a.json"),
        )
        assert found.exit_code == 3
        said = " ".join(found.stderr.split())
        assert "no event among 40 patients for response" in said
        assert "leave this center out of it" in said
        assert not list(tmp_path.glob("*.json"))


class TestBadFiles:
    def test_one_file_alone(self, study, tmp_path):
        said = pool_refused(tmp_path, first(study)[0])
        assert "at least two centers, but 1 was given" in said
        assert "but none was given" in pool_refused(tmp_path)

    def test_the_same_center_twice(self, study, tmp_path):
        a, b, _ = first(study)
        said = pool_refused(tmp_path, a, b, a)
        assert "center 'C0' is given twice, in C0_0.json and C0_0.json" in said

    def test_the_same_patients_under_two_names(self, study, tmp_path):
        a, b, _ = first(study)
        other = changed(a, tmp_path / "x.json", lambda one: one.update(center="X"))
        said = pool_refused(tmp_path, a, b, other)
        assert "C0_0.json and x.json have the same numbers" in said

    def test_rounds_and_points_that_differ(self, study, tmp_path):
        a, b, _ = first(study)
        later = study[0] / "C1" / "C1_2.json"
        assert "are of rounds 2 and 1" in pool_refused(tmp_path, a, later)
        others = [study[0] / f"C{n}" / f"C{n}_3.json" for n in range(2)]

        def moved(one):
            one["at"]["point"] = "0" * 64

        other = changed(others[1], tmp_path / "x.json", moved)
        assert "at different points" in pool_refused(tmp_path, others[0], other)
        assert b.is_file()

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda m: m["definition"].update(dose="liver_gy"), "dose is liver_gy in"),
            (lambda m: m["definition"].update(yes=["CR"]), "yes is CR in x.json"),
            (lambda m: m.update(names=["lobes"]), "x.json has 'lobes', but C0_0.json"),
            (
                lambda m: m.update(name="toxicity"),
                "every center shares the same models",
            ),
            (lambda m: m.update(point=[0.1]), "is at another point in x.json"),
            (lambda m: m.update(events=0), "no event for response among 50 patients"),
            (lambda m: m.update(score=[1, 2]), "score needs 1 numbers"),
            (lambda m: m.update(score=["1"]), "models / 0 / score / 0 is not as"),
            (lambda m: m.update(information=[[-4.0]]), "is that of no model"),
            (lambda m: m.update(information=[]), "do not fit"),
        ],
    )
    def test_models_that_differ_or_cannot_be(self, study, tmp_path, change, said):
        a, b, _ = first(study)
        other = changed(b, tmp_path / "x.json", lambda one: change(one["models"][0]))
        assert said in pool_refused(tmp_path, a, other)

    @pytest.mark.parametrize(
        "change",
        [
            lambda one: one.pop("center"),
            lambda one: one.update(models=[]),
            lambda one: one.update(models="response"),
            lambda one: one["models"][0].pop("own"),
            lambda one: one.update(center=5),
            lambda one: one.update(at=None),
            lambda one: one.update(patients="a"),
            lambda one: one["models"][0].update(names=None),
            lambda one: one["models"][0].update(n="50"),
            lambda one: one["models"][0].update(events=3.5),
            lambda one: one["models"][0].update(definition={}),
            lambda one: one["models"][0].update(kind="probit"),
            lambda one: one["models"][0].update(previous={}),
            lambda one: one["models"][0].update(score_test=7),
            lambda one: one["models"][0].update(information=1e300),
            lambda one: every(one, "score", 1e308),
            lambda one: every(one, "score", True),
            lambda one: every(one["models"][0]["own"], "errors", -1.0),
            lambda one: one["models"][0]["own"].update(coefficients=[1.0] * 9),
        ],
    )
    def test_a_file_that_no_center_wrote(self, study, tmp_path, change):
        a, b, _ = first(study)
        other = changed(b, tmp_path / "x.json", change)
        assert "make the file again" in pool_refused(tmp_path, a, other)

    def test_information_of_nothing(self, study, tmp_path):
        def change(one):
            [*rows] = one["models"][0]["information"]
            one["models"][0]["information"] = [[0.0] * len(rows) for _ in rows]

        a, b, _ = first(study)
        other = changed(b, tmp_path / "x.json", change)
        assert "is that of no model" in pool_refused(tmp_path, a, other)

    def test_another_version(self, study, tmp_path):
        a, b, _ = first(study)
        other = changed(
            b, tmp_path / "x.json", lambda one: one.update(sirtdose_version="0.0.9")
        )
        said = pool_refused(tmp_path, a, other)
        assert "x.json is of sirtdose 0.0.9" in said
        assert "use the same version in every center" in said

    @pytest.mark.parametrize("end", ["cut", "edit", "nan", "text", "none", "other"])
    def test_a_file_that_is_none(self, study, tmp_path, end):
        a, b, _ = first(study)
        path, text = tmp_path / "x.json", b.read_text("utf-8")
        writes = {
            "cut": (text[:200], "cut off, or no json"),
            "edit": (text.replace('"n": 50', '"n": 51'), "not what was written (H31)"),
            "nan": (text.replace('"n": 50', '"n": NaN'), "cut off, or no json"),
            "text": ("hello", "cut off, or no json"),
            "other": ('{"schema": "sirtdose.cohort/1"}', "it is sirtdose.cohort/1"),
            "none": (None, "does not exist"),
        }
        content, said = writes[end]
        if content is not None:
            path.write_text(content, "utf-8")
        assert said in pool_refused(tmp_path, a, path)

    def test_a_point_of_another_study(self, study, tmp_path):
        own = write_rows(tmp_path / "o.csv", responders(40, 1))
        at = study[0] / "round0" / "point.json"
        words = ("--outcomes", own, "--at", at, "--share", tmp_path / "a.json")
        for more, said in (
            ((*RESPONSE, "--center", "Oslo"), "center 'Oslo' was not in the round"),
            ((*RESPONSE, "--center", "C1"), "40 patients now, but there were 50"),
            ((*RESPONSE, "--responders", "CR", "--center", "C0"), "no event among 40"),
            ((*RESPONSE, "--responders", "PR,CR", "--center", "C0"), "another model"),
        ):
            found = cohort(*words, *more)
            assert found.exit_code == 3, found.output
            assert said in " ".join(found.stderr.split())
        found = cohort(
            *("--outcomes", own, *RESPONSE, "--center", "C0", "--at", first(study)[0]),
            *("--share", tmp_path / "a.json"),
        )
        assert found.exit_code == 3
        assert "is not a file of `sirtdose cohort` with --pool" in found.stderr

    def test_what_has_no_solution_over_all_centers(self, tmp_path):
        # In every center a dose divides the events, so that the slope has no bound.
        centers = []
        for start, step in ((60, 3), (80, 2)):
            centers.append(
                [
                    {"case_id": f"{start}-{n}", "tumor_gy": start + step * n}
                    | {"response": "PR" if n >= 20 else "SD"}
                    for n in range(40)
                ]
            )
        with pytest.raises(AssertionError, match="separate the events"):
            pooled(tmp_path, centers, *RESPONSE)
