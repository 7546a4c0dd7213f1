"""A throwaway certificate for the response host on loopback, and a bundle of authorities that trusts it."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import NamedTuple

import botocore
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


class Certificate(NamedTuple):
    """Where the files are: key and certificate for the server; what vouches for it, alone and among authorities."""

    server: Path
    public: Path
    authorities: Path


def make_certificate(folder: Path) -> Certificate:
    """Write the files; the bundle also holds the public authorities, because reading those is part of a real start."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    public = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = Certificate(folder / "server.pem", folder / "public.pem", folder / "authorities.pem")
    certificate.server.write_bytes(private + public)
    certificate.public.write_bytes(public)
    certificate.authorities.write_bytes(Path(botocore.__file__).with_name("cacert.pem").read_bytes() + public)
    return certificate
