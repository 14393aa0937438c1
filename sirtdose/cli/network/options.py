"""AE titles, and the options of TLS: --tls-certificate, --tls-key, --tls-ca."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.option import Option, together
from sirtdose.network.tls import Tls

_LONGEST = 16


class AeTitle(click.ParamType):  # type: ignore[type-arg]
    """Up to 16 printable ASCII characters, without a backslash (DICOM PS3.5, 6.2)."""

    name = "AE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read it without spaces around it."""
        text = str(value).strip()
        usable = text.isascii() and text.isprintable() and "\\" not in text
        if not text or len(text) > _LONGEST or not usable:
            self.fail(
                f"'{value}' is not an AE title: use 1 to {_LONGEST} ASCII characters, "
                "without a backslash",
                param,
                ctx,
            )
        return text


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
