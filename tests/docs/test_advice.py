"""Every option and command that a text of the program names is there to be typed.

Which commands can print a text is followed through the calls, as for docs/hazards.md.
"""

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from sirtdose.cli.main import main
from sirtdose.cli.words.near import commands_of
from sirtdose.cli.words.typed import option_table

HAZARDS = runpy.run_path(
    str(Path(__file__).resolve().parents[2] / "docs" / "generate_hazards.py")
)
FUNCTIONS = HAZARDS["functions"]()
REACHED = HAZARDS["commands"](FUNCTIONS, HAZARDS["calls"](FUNCTIONS))
COMMANDS = dict(commands_of(click.Context(main)))
# No site file is for them, so they are not among the others.
OF_SITE = {
    f"site {name}": command
    for group in [main.get_command(click.Context(main), "site")]
    if isinstance(group, click.Group)
    for name, command in group.commands.items()
}
OPTIONS = {
    name: {key.replace("_", "-") for key in option_table(command)}
    for name, command in (COMMANDS | OF_SITE).items()
}
GROUPS = {"plan", "lsf", "site", *OF_SITE}
# They run `post` with the options of a file.
AS_POST = ("batch", "check", "listen", "verify")
SHARED = {"site", "help", "version", "no-noise"}
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])")
NAMED = re.compile(r"sirtdose ((?:plan|lsf|site)(?: [a-z]+)?|[a-z]+)\b")
# Said by some commands alone, though others lead to the same function.
ONLY_WHERE_TYPED = "of an option that was typed, or of what only these commands read"
OF_THE_PLAN = "`plan update` judges by device, limits and sessions that its plan has"
OF_NEXT = "`status` tells whole commands of others, which its own tests parse"
KNOWN = {
    "checks.doses:_no_device": OF_THE_PLAN,
    "checks.method:chosen_limit_findings": OF_THE_PLAN,
    "checks.method:limit_device_findings": OF_THE_PLAN,
    "checks.remnant:_missing": OF_THE_PLAN,
    "checks.sessions:_lung_findings": OF_THE_PLAN,
    "checks.sessions:_require_liver": OF_THE_PLAN,
    "checks.sessions:_twice_findings": OF_THE_PLAN,
    "planning.injection_limits:chosen_by_injection": OF_THE_PLAN,
    "planning.limit_table:chosen_limits": OF_THE_PLAN,
    "planning.limit_table:table_words": OF_THE_PLAN,
    "planning.limits:given_rules": OF_THE_PLAN,
    "planning.limits:known": OF_THE_PLAN,
    "planning.remnant:RemnantAsked": OF_THE_PLAN,
    "planning.remnant:_require_room": OF_THE_PLAN,
    "checks.balance:balance_findings": "a plan has no calibration to spread",
    "checks.activity:_mostly_residual": "only `post` measures a residual",
    "checks.doses:_raised": "limits are of plans",
    "checks.doses:_remedy": "what was given cannot be reduced any more",
    "checks.limits:_unmet": "limits are of plans",
    "checks.doses:_where_more_is_wanted": "what was given has no scenario to choose",
    "checks.limits:bound_findings": "several injections, and greatest activities, are "
    "of partition, compare and image; `check` says what the plan's own run said",
    "checks.lungs:missing_shunt": "a vial repeats nothing that its plan was asked",
    "checks.lungs:source_findings": "a vial repeats nothing that its plan was asked",
    "checks.method:injection_limit_findings": "several injections are of partition and "
    "image",
    "checks.transforms:_against_start": ONLY_WHERE_TYPED,
    "checks.transforms:image_shift_findings": ONLY_WHERE_TYPED,
    "checks.transforms:bend_findings": ONLY_WHERE_TYPED,
    "checks.transforms:change_findings": ONLY_WHERE_TYPED,
    "cli.words.goals:aim_of": "`compare` has goals by a metric in --injection alone",
    "cli.words.image:_registration": ONLY_WHERE_TYPED,
    "cli.words.image:image_request": ONLY_WHERE_TYPED,
    "cli.words.quantities:acceptances_of": ONLY_WHERE_TYPED,
    "cli.words.quantities:nuclide_of": ONLY_WHERE_TYPED,
    "dosimetry.image.segmentation:_require_apart": "seeds are given to `segment` alone",
    "dosimetry.engine.dose:compute_dose": "a review's doses are by local deposition",
    "io.choose:_gated": "`inspect` is given no gates",
    "io.choose:_activity": "`inspect` says what other commands are to be given",
    "io.choose:_given_ct": "`inspect` says what other commands are to be given",
    "io.choose:_only": "`inspect` says what other commands are to be given",
    "io.choose:_require_no_better": "`inspect` says what others are to be given",
    "io.choose:choose": "`inspect` says what other commands are to be given",
    "io.dicom.pet:_corrected_again": ONLY_WHERE_TYPED,
    "io.dicom.pet_decay:_by_vendor": "a PET's time is asked for by post alone",
    "io.dicom.pet_decay:_frame_s": "a PET's time is asked for by post alone",
    "io.dicom.pet_decay:_known": "a PET's time is asked for by post alone",
    "io.dicom.pet_decay:_seconds": "a PET's time is asked for by post alone",
    "io.dicom.pet_decay:_stated": "only `suv` reads an enhanced PET",
    "io.dicom.seg:_structures": "`inspect` says what other commands are to be given",
    "io.output.folder:require_free": "`plan approve` replaces what it approves",
    "model.acceptance:Acceptance": "`plan approve` says what to plan again with",
    "model.acceptance:_to_type": "`plan approve` says what to plan again with, and "
    "--by is for what an image's structures ask (H35)",
    "model.names:person_named": ONLY_WHERE_TYPED,
    "model.role:Doubt": "`inspect` and `phantom` doubt no name",
    "model.units:parse_time": "a plan's injections have no time",
    "phantom.make:_of_scan": "they are what `sirtdose post` is to be given",
    "planning.aim:require_uptake": "an image has roles, numbers have tumors",
    "planning.bsa_plan:plan": "`compare` has no --treated-volume",
    "planning.limits:_needs": "an image has roles, numbers have volumes and tumors",
    "planning.partition_goal:_reaches": "an image has roles, numbers have tumors",
    "planning.scout_dose:with_scout": "`mird` and `bsa` have one injection",
    "report.plan.command:_of_activity": "the end of the command of a plan's own method",
    "report.plan.command:again_words": OF_NEXT,
    "report.plan.command:command_words": "in the command of a plan's own method",
    "report.review.document:accept_command": "the command that it makes is `accept`",
    "report.review.next_run:next_command": "the command that it makes is another's",
    "cli.accept:_next": "it looks for an option of another command",
    "report.screen:unasked_words": "it repeats an option that was typed",
    "report.plan.lung_shunt:shunt_screen": "the end of what `plan mird` is told",
    "workflows.check.stated_histograms:stated_histograms": "the option is its caller's",
    "workflows.image.grid:_cubes_over": ONLY_WHERE_TYPED,
    "workflows.image.grid:_require_few": ONLY_WHERE_TYPED,
    "workflows.image.grid:on_dose_grid": ONLY_WHERE_TYPED,
    "workflows.image.registration:_registration": ONLY_WHERE_TYPED,
    "workflows.image.registration:registered": ONLY_WHERE_TYPED,
    "workflows.image.scene:activity_image": ONLY_WHERE_TYPED,
    "workflows.image.structures:delineated": ONLY_WHERE_TYPED,
    "workflows.post.positron_yield:_rescaled": ONLY_WHERE_TYPED,
    "workflows.status.commands:_without_key": OF_NEXT,
    "workflows.status.commands:assess": OF_NEXT,
    "workflows.status.commands:assess_again": OF_NEXT,
    "workflows.status.commands:drawn": OF_NEXT,
    "workflows.status.commands:order": OF_NEXT,
}
# It sets --registration and --drawn-on itself, so what is said where they are typed may
# be said by it: each of these was followed to see that it is not.
NOT_BY_REGISTER = {
    "workflows.image.registration:registered": "it sets liver, which is no file",
    "checks.transforms:_against_start": "an outline's registration is rigid",
    "checks.transforms:bend_findings": "an outline's registration is rigid",
    "checks.transforms:change_findings": "an outline's registration is rigid",
    "cli.words.image:_registration": "click asks for --drawn-on",
    "cli.words.image:image_request": "of --image-shift",
    "io.dicom.pet:_corrected_again": "of --header-nuclide-was",
    "workflows.image.registration:_registration": "it is always by the liver",
    "workflows.image.scene:activity_image": "of --header-nuclide-was",
}


def texts(node: ast.AST) -> Iterator[str]:
    """The texts in a function, without docstrings; what is filled in is left open."""
    docs, inside = set(), set()
    for one in ast.walk(node):
        body = getattr(one, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            docs.add(id(body[0].value))
        if isinstance(one, ast.JoinedStr):
            inside |= {id(value) for value in one.values}
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr):
            yield "".join(
                str(value.value) if isinstance(value, ast.Constant) else "{}"
                for value in one.values
            )
        elif (
            isinstance(one, ast.Constant)
            and isinstance(one.value, str)
            and id(one) not in docs | inside
        ):
            yield one.value


TEXTS = {key: list(texts(one.node)) for key, one in FUNCTIONS.items()}


def options_of(name: str) -> set[str]:
    """The options that a command takes, in words or in its file."""
    found = OPTIONS.get(name, set()) | SHARED
    if name in AS_POST:
        found |= OPTIONS["post"]
    if name == "batch":
        found |= OPTIONS["lesions"] | OPTIONS["plan image"] | OPTIONS["suv"]
    if name == "demo":
        found |= OPTIONS["post"] | OPTIONS["plan image"]
    return found


def advised(text: str) -> Iterator[tuple[str, str]]:
    """Options that a text names, each with the command it is typed after, if one is.

    >>> list(advised("give --out, or `sirtdose plan mird --dose`; --psf"))
    [('', 'out'), ('plan mird', 'dose'), ('', 'psf')]
    """
    for piece in re.split(r"(`[^`]*`)", text):
        match = NAMED.search(piece)
        named = match[1] if match else ""
        command = named if named in COMMANDS else named.partition(" ")[0]
        for one in OPTION.finditer(piece):
            after = match is not None and one.start() > match.start()
            yield (command if after else ""), one[1]


@cache
def problems() -> list[tuple[str, str, list[str]]]:
    """Functions that name an option which a command that leads to them lacks."""
    found = []
    for key, said in TEXTS.items():
        for command, option in (one for text in said for one in advised(text)):
            users = [command] if command in COMMANDS else sorted(set(REACHED[key]))
            lack = [name for name in users if option not in options_of(name)]
            if lack:
                found.append((key.removeprefix("sirtdose."), option, lack))
    return found


def test_an_option_that_is_advised_is_one_of_the_command() -> None:
    found = [one for one in problems() if one[0] not in KNOWN]
    assert not found, found


def test_what_is_excepted_is_still_said() -> None:
    assert {key for key, _, _ in problems()} == set(KNOWN)


def test_what_is_typed_for_others_is_not_said_by_register() -> None:
    found = {key for key, _, lack in problems() if "register" in lack}
    of_typed = {key for key in found if KNOWN.get(key) == ONLY_WHERE_TYPED}
    assert of_typed == set(NOT_BY_REGISTER)


def test_an_option_that_is_named_anywhere_exists() -> None:
    every = set().union(*OPTIONS.values()) | SHARED
    for key, said in TEXTS.items():
        for text in said:
            for option in OPTION.findall(text):
                assert option in every, (key, text)


def test_a_command_that_is_named_exists() -> None:
    known = {*COMMANDS, *GROUPS}
    for key, said in TEXTS.items():
        for text in said:
            for quoted in re.findall(r"`sirtdose ([^`{]*)`", text):
                match = NAMED.match(f"sirtdose {quoted}")
                assert match is not None, (key, text)
                assert match[1] in known or match[1].split()[0] in known, (key, text)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_help_names_its_own_options(name: str) -> None:
    command = COMMANDS[name]
    said = [command.help or ""]
    said += [one.help or "" for one in option_table(command).values()]
    for text in said:
        for other, option in advised(text):
            own = other if other in COMMANDS else name
            assert option in options_of(own), (name, text)
