"""Certificates for this machine, made by openssl."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from tests.network_peers import LOOPBACK


def openssl(*words: object) -> None:
    program = which("openssl")
    if program is None:
        pytest.skip("needs openssl")
    subprocess.run([program, *map(str, words)], check=True, capture_output=True)


def make_pki(folder: Path) -> Path:
    """Two authorities; of the first, one certificate for all of this machine."""
    short = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        openssl(
            *("req", "-x509", *short, "-days", 2, "-subj", f"/CN={name}"),
            *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
        )
    openssl(
        *("req", *short, "-subj", "/CN=machine", "-keyout", folder / "own.key"),
        *("-addext", f"subjectAltName=IP:{LOOPBACK}", "-out", folder / "own.csr"),
    )
    openssl(
        *("x509", "-req", "-in", folder / "own.csr", "-CA", folder / "ca.pem"),
        *("-CAkey", folder / "ca.key", "-days", 2, "-copy_extensions", "copy"),
        *("-out", folder / "own.pem"),
    )
    return folder
