"""CloudFormation's side of the answer: a real TLS server on loopback that keeps each PUT and answers by script."""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.fakes.loopback import Handler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

type Step = int | Literal["never", "close"]

US_EAST_1 = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Put:
    """Keep one PUT as it arrived, whatever was answered."""

    host: str
    path: str
    headers: dict[str, str]
    body: bytes
    at_ns: int
    """When its last byte was there, on the machine's monotonic clock."""


@dataclass
class ResponseHost:
    """Know what arrived, and what to answer next; after the script every answer is 200."""

    hostnames: tuple[str, ...]
    tls: bool
    ca_file: Path
    """The authority that signed the certificate: for SSL_CERT_FILE or `ssl.create_default_context(cafile=...)`."""
    script: list[Step]
    puts: list[Put] = field(default_factory=list)
    arrived: queue.Queue[Put] = field(default_factory=queue.Queue)
    """The same as `puts`, for those who wait for the next one."""
    port: int = 0

    def url(self, path: str = "/stack%7Cguid?X-Amz-Signature=signed") -> str:
        """Give a response URL as CloudFormation's: no port with TLS, as `resolved` leads there from any."""
        authority = self.hostnames[0] if self.tls else f"{self.hostnames[0]}:{self.port}"
        return f"{'https' if self.tls else 'http'}://{authority}{path}"

    def next_step(self) -> Step:
        return self.script.pop(0) if self.script else 200

    @contextmanager
    def resolved(self) -> Iterator[None]:
        """Lead this process's connections to the host's names, on any port, to this server; other names are refused."""

        def resolve(host: str | bytes | None, port: object, *_args: object, **_kwargs: object) -> list[Any]:
            name = host.decode() if isinstance(host, bytes) else host
            loopback = name in ("127.0.0.1", "localhost")
            if not loopback and name not in self.hostnames:
                raise socket.gaierror(socket.EAI_NONAME, f"No test resolves {name!r}")
            address = ("127.0.0.1", port if loopback else self.port)
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

        with mock.patch.object(socket, "getaddrinfo", resolve):
            yield


class ResponseServer(LoopbackServer):
    """Serve one response host."""

    def __init__(self, host: ResponseHost, tls: ssl.SSLContext | None, idle_seconds: float | None = None) -> None:
        self.host = host
        self.idle_seconds = idle_seconds
        super().__init__(ResponseHandler, tls)


class ResponseHandler(Handler):
    """Take the PUTs of a response host."""

    server: ResponseServer

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle_seconds)

    def do_PUT(self) -> None:  # noqa: N802 - http.server's name
        """Keep the request, then do what the script says."""
        host = self.server.host
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.content()
        put = Put(headers.get("host", ""), self.path, headers, body, time.monotonic_ns())
        host.puts.append(put)
        host.arrived.put(put)
        match host.next_step():
            case int() as status:
                self.answer(status, {}, b"")
            case "never":
                self.never_answer()
            case "close":
                self.close_without_an_answer()


@contextmanager
def response_host(
    *hostnames: str,
    script: Sequence[Step] = (),
    tls: bool = True,
    idle_seconds: float | None = None,
) -> Iterator[ResponseHost]:
    """Serve the host names (by default us-east-1's) on a free port of loopback; afterwards nothing is left running.

    A step of the script is a status, "never" (an answer never comes) or "close" (the connection is closed without one).
    Without TLS it is an emulator's host: `response_host("127.0.0.1", tls=False)`. A connection that is idle for longer
    than `idle_seconds` is closed.
    """
    names = hostnames or (US_EAST_1,)
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        context = server_context(names, ca_file) if tls else None
        host = ResponseHost(names, tls, ca_file, list(script))
        with ResponseServer(host, context, idle_seconds) as server:
            host.port = server.port
            yield host


def server_context(names: Sequence[str], ca_file: Path) -> ssl.SSLContext:
    """Make a throwaway authority and a certificate of it; write the authority to `ca_file`, keep no key."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = authority_certificate(authority_key)
    certificate = host_certificate(names, key.public_key(), authority, authority_key)
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    chain = ca_file.with_name("host.pem")
    chain.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    chain.unlink()
    return context


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """Begin a certificate for today."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )


def usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Say what the key is for: Python 3.13 checks it (VERIFY_X509_STRICT)."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def authority_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = named("Throwaway authority of a test")
    return (
        unsigned(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def host_certificate(
    names: Sequence[str],
    key: ec.EllipticCurvePublicKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        unsigned(named("Response host of a test"), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def alternative(name: str) -> x509.GeneralName:
    """Name a host in a certificate: an address is not a name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
