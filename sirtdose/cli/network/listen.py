"""`sirtdose listen`: take DICOM in over the network, and process each study."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.interrupted import INTERRUPTED
from sirtdose.cli.network.options import SIZE, AeTitle, tls_of, tls_options
from sirtdose.cli.network.work import Assessing, Inspecting
from sirtdose.cli.network.worklist import FromWorklist
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import out_option
from sirtdose.errors import require_extra, said_at
from sirtdose.model.units import DURATION
from sirtdose.network.addresses import is_loopback
from sirtdose.network.limited_socket import Limits
from sirtdose.network.listen import Listening, Work, listen
from sirtdose.network.quiet import without_warnings
from sirtdose.network.server import Endpoint


@command("listen")
@out_option(required=True)
@Option(
    "port",
    click.IntRange(0, 65535),
    "TCP port to listen on; 0 picks a free one and prints it.",
    default="11112",
)
@Option(
    "ae-title", AeTitle(), "Our AE title, which senders must call.", default="SIRTDOSE"
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address of this machine to listen on; 0.0.0.0 for all.",
)
@click.option(
    "--allow",
    type=AeTitle(),
    multiple=True,
    help="AE title of a sender that is accepted; may be repeated.  [default: any]",
)
@click.option(
    "--run",
    "task",
    type=click.Choice(("inspect", "post")),
    help="Command to run on each study.  [default: none, studies are only stored]",
)
@click.option(
    "--case",
    "case_file",
    type=click.Path(path_type=Path),
    metavar="OPTIONS.toml",
    help="With --run post: TOML file with the [options] of one study, as in a batch's "
    "case.toml.",
)
@click.option(
    "--case-for-every-study",
    is_flag=True,
    help="Use --case for every study, e.g. for phantoms or a single patient.",
)
@click.option(
    "--worklist",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="With --run post: worklist.json of `sirtdose worklist`, which gives each "
    "study the numbers of its treatment.",
)
@Option(
    "settle",
    DURATION,
    "Waiting time before a study is processed, counted from its last object, "
    "with no sender of it connected.",
    default="30s",
)
@click.option("--once", is_flag=True, help="Stop after the first study was processed.")
@Option(
    "max-associations",
    click.IntRange(1, 64),
    "Maximum number of associations at a time; further ones are rejected.",
    default="4",
)
@Option(
    "max-pdu",
    click.IntRange(4096, 131072),
    "Maximum length of a protocol data unit, in bytes.",
    default="65536",
)
@Option(
    "max-object-size",
    SIZE,
    "Maximum size of one object; receiving it needs three times as much memory.",
    default="500MB",
)
@Option(
    "reserve",
    SIZE,
    "Disk space that must stay free; objects are refused when less is left.",
    default="1GB",
)
@Option(
    "timeout", DURATION, "Idle time after which a connection is closed.", default="60s"
)
@tls_options(
    "Our certificate; only connections over TLS are then accepted.",
    "Certificate authority; only callers with a certificate signed by it are accepted.",
)
def listen_command(**options: Any) -> None:
    """Receive studies over DICOM, and process each once no more objects arrive.

    Accepts CT, NM, PET, RTSTRUCT, SEG, RTDOSE, RTPLAN, REG, SR, PDF and secondary
    captures, stores them unchanged in DIR/incoming, and writes to DIR/results. A study
    is processed once, even if the listener was killed in between. If more objects
    arrive later, the study is processed again, into a new folder. Folder names are
    digests and contain nothing of the patient. SIGTERM ends the listener with exit code
    0, Ctrl-C with 130.

    With --run post, DIR/cases/STUDY.toml holds the options of one study. With
    --worklist they come from the study's treatment, and --case holds those for all.

    Example: sirtdose listen --out received --run inspect

    Example: sirtdose listen --out received --host 0.0.0.0 --port 11112 --allow PACS
    """
    require_extra("network", "sirtdose listen")
    work = _work(options)
    endpoint = Endpoint(
        options["host"],
        options["port"],
        options["ae_title"],
        options["allow"],
        options["max_associations"],
        Limits(
            options["max_pdu"],
            round(options["max_object_size"] * 1e6),
            options["timeout"] * 3600,
        ),
        tls_of(*(options[f"tls_{one}"] for one in ("certificate", "key", "ca"))),
    )
    if endpoint.tls is not None and endpoint.tls.certificate is None:
        raise click.UsageError("--tls-ca needs --tls-certificate: give both")
    how = Listening(
        options["out"],
        options["settle"] * 3600,
        round(options["reserve"] * 1e6),
        options["once"],
    )
    with said_at("--host"):
        others_reach_it = not is_loopback(endpoint.host)
    if others_reach_it:
        _warn_of_strangers(endpoint)
    with _ends_cleanly(), without_warnings():
        exit_code = listen(endpoint, how, work, _say)
    if exit_code:
        click.get_current_context().exit(exit_code)


def _warn_of_strangers(endpoint: "Endpoint") -> None:
    if endpoint.tls is None:
        click.secho(
            "Warning: DICOM has no encryption and no user authentication: anyone who "
            f"reaches {endpoint.host} can read the traffic and send anything. Give "
            "--tls-certificate and --tls-ca, or use a firewall or a tunnel",
            fg="yellow",
            err=True,
        )
    elif endpoint.tls.authorities is None:
        click.secho(
            "Warning: without --tls-ca the connection is encrypted, but anyone who "
            f"reaches {endpoint.host} can send anything",
            fg="yellow",
            err=True,
        )


def _work(options: dict[str, Any]) -> Work | None:
    task, case_file = options["task"], options["case_file"]
    if case_file is not None and task != "post":
        raise click.UsageError("--case is for --run post: give both")
    if options["case_for_every_study"] and case_file is None:
        raise click.UsageError("--case-for-every-study is for --case: give both")
    if options["worklist"] is not None:
        return _by_worklist(options)
    if task == "post":
        return Assessing(
            options["out"], case_file, for_every=options["case_for_every_study"]
        )
    return Inspecting() if task == "inspect" else None


def _by_worklist(options: dict[str, Any]) -> Work:
    """Doses with the numbers of a worklist; --case may not have any of its own."""
    from sirtdose.cli.post.command import post_command
    from sirtdose.cli.words.manifest import case_options
    from sirtdose.model.treatment_record import OPTIONS
    from sirtdose.workflows.worklist.kept import read_worklist

    if options["task"] != "post":
        raise click.UsageError("--worklist is for --run post: give both")
    if options["case_for_every_study"]:
        raise click.UsageError(
            "--worklist gives each study its own numbers: leave out "
            "--case-for-every-study"
        )
    path, case_file = options["worklist"], options["case_file"]
    read_worklist(path)
    common = {} if case_file is None else case_options(case_file, post_command)
    numbers = [one for one in (*OPTIONS, "injection") if one in common]
    own = [one for one in numbers if one != "structures"]
    if own:
        raise click.UsageError(
            f"{case_file.name} has {own[0]}, which is one treatment's: leave it to "
            "--worklist"
        )
    worklist = FromWorklist(path, common, _say)
    return Assessing(options["out"], case_file, worklist=worklist)


def _say(text: str) -> None:
    time = datetime.now().astimezone().isoformat(timespec="seconds")
    click.echo(f"{time} {text}", err=True)


@contextmanager
def _ends_cleanly() -> Iterator[None]:
    """The first signal ends the listener; more of them do not end the clearing up."""
    codes = {signal.SIGTERM: 0, signal.SIGINT: INTERRUPTED}
    before: dict[signal.Signals, Any] = {}

    def end(number: int, _: object) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(codes[signal.Signals(number)])

    # Other threads have no say in signals.
    if threading.current_thread() is threading.main_thread():
        for number in codes:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:
                before[number] = handler
                signal.signal(number, end)
    try:
        yield
    except SystemExit:
        _say("ends")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
