"""AE titles, and the options of TLS: --tls-certificate, --tls-key, --tls-ca."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from sirtdose.cli.words.option import Option, together
from sirtdose.errors import InputError
from sirtdose.model.node import ae_title
from sirtdose.model.units import Measure
from sirtdose.network.tls import Tls

SIZE: Final = Measure(
    "size", "MB", {"MB": 1.0, "GB": 1e3, "kB": 1e-3, "TB": 1e6}, "500MB"
)


class AeTitle(click.ParamType):  # type: ignore[type-arg]
    """Up to 16 printable ASCII characters, without a backslash (DICOM PS3.5, 6.2)."""

    name = "AE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read it without spaces around it."""
        try:
            return ae_title(str(value))
        except InputError as error:
            self.fail(str(error), param, ctx)


def tls_options(certificate: str, authorities: str) -> Callable[[Any], Any]:
    """Add them to a command, with what is said of two of them."""
    return together(
        Option("tls-certificate", Path, certificate, metavar="CERT.pem"),
        Option(
            "tls-key",
            Path,
            "Private key of --tls-certificate, if it is in another file.",
            metavar="KEY.pem",
        ),
        Option("tls-ca", Path, authorities, metavar="CA.pem"),
    )


def tls_of(
    certificate: Path | None, key: Path | None, authorities: Path | None
) -> "Tls | None":
    """What was asked for; None where nothing was."""
    if key is not None and certificate is None:
        raise click.UsageError("--tls-key is for --tls-certificate: give both")
    plain = certificate is None and authorities is None
    return None if plain else Tls(certificate, key, authorities)
