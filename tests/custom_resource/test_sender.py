"""The answer goes to CloudFormation's own hosts and nowhere else, again and again until the deadline."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import botocore
import pytest

from tests.canaries import CLIENT_SECRET, SIGNATURE, leaked
from tests.fakes.response_host import response_host
from tests.given import CLIENT_ID, HOST, POOL, REQUEST_ID, RESPONSE_URL, STACK_ID, event
from user_pool_client.custom_resource import sender
from user_pool_client.custom_resource.request import Request
from user_pool_client.custom_resource.response import Outcome
from user_pool_client.custom_resource.sender import ConsoleSender, Destination, S3Sender, destination, put
from user_pool_client.deadline import Clock, Deadline
from user_pool_client.domain.errors import Unanswerable
from user_pool_client.domain.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.response_host import Step

BUCKET = "cloudformation-custom-resource-response"
QUERY = f"?X-Amz-Date=20260301T120000Z&X-Amz-Signature={SIGNATURE}"


def at(url: str, *, region: str = "us-east-1", emulator: str = "") -> Destination:
    return destination(Sensitive(url), region=region, emulator=emulator)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        pytest.param("us-east-1", f"https://{BUCKET}-useast1.s3.amazonaws.com/key", id="the-global-name"),
        pytest.param("us-east-1", f"https://{BUCKET}-useast1.s3.us-east-1.amazonaws.com/key", id="with-a-dot"),
        pytest.param("eu-west-1", f"https://{BUCKET}-euwest1.s3-eu-west-1.amazonaws.com/key", id="with-a-hyphen"),
        pytest.param("eu-west-1", f"https://{BUCKET}-euwest1.s3.eu-west-1.amazonaws.com/key", id="another-region"),
        pytest.param("us-east-1", f"https://{BUCKET}-useast1.s3.amazonaws.com:443/key", id="with-the-port-of-https"),
        pytest.param("us-east-1", f"HTTPS://{BUCKET.upper()}-USEAST1.S3.AMAZONAWS.COM/key", id="in-capitals"),
        pytest.param("cn-north-1", f"https://{BUCKET}-cnnorth1.s3.cn-north-1.amazonaws.com.cn/key", id="in-china"),
        pytest.param("us-gov-west-1", f"https://{BUCKET}-usgovwest1.s3.us-gov-west-1.amazonaws.com/key", id="govcloud"),
    ],
)
def test_cloudformations_own_bucket_is_answered(region: str, url: str) -> None:
    found = at(f"{url}{QUERY}", region=region)

    assert found.scheme == "https"
    assert found.host == url.lower().split("/")[2].removesuffix(":443")
    assert found.target == Sensitive(f"/key{QUERY}")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"http://{HOST}/key", id="without-encryption"),
        pytest.param(f"ftp://{HOST}/key", id="another-scheme"),
        pytest.param(f"//{HOST}/key", id="no-scheme"),
        pytest.param(f"{HOST}/key", id="only-a-host-and-a-path"),
        pytest.param("https:///key", id="no-host"),
        pytest.param("", id="nothing"),
        pytest.param("file:///etc/passwd", id="a-file"),
        pytest.param("https://evil.example.com/key", id="another-host"),
        pytest.param(f"https://{HOST}.evil.com/key", id="a-host-that-begins-like-it"),
        pytest.param(f"https://evil.com/{HOST}/key", id="its-name-in-the-path"),
        pytest.param(f"https://evil.com/?{HOST}", id="its-name-in-the-query"),
        pytest.param(f"https://evil.com#{HOST}", id="its-name-in-the-fragment"),
        pytest.param(f"https://evil-{HOST}/key", id="a-bucket-that-ends-like-it"),
        pytest.param(f"https://evil.{HOST}/key", id="a-bucket-with-a-dot-that-ends-like-it"),
        pytest.param(f"https://{BUCKET}-useast1-evil.s3.amazonaws.com/key", id="a-bucket-that-begins-like-it"),
        pytest.param(f"https://{BUCKET}-useast1x.s3.amazonaws.com/key", id="one-letter-more"),
        pytest.param(f"https://{BUCKET}.s3.amazonaws.com/key", id="no-region-in-the-bucket"),
        pytest.param(f"https://{BUCKET}-euwest1.s3.amazonaws.com/key", id="another-regions-bucket"),
        pytest.param(f"https://{BUCKET}-euwest1.s3.eu-west-1.amazonaws.com/key", id="another-regions-host"),
        pytest.param(
            f"https://{BUCKET}-useast1.s3.eu-west-1.amazonaws.com/key", id="its-bucket-at-another-regions-host"
        ),
        pytest.param(f"https://{BUCKET}-useast1.s3.amazonaws.com.cn/key", id="a-namesake-in-chinas-partition"),
        pytest.param(
            f"https://{BUCKET}-useast1.s3.cn-north-1.amazonaws.com.cn/key", id="a-namesake-in-a-chinese-region"
        ),
        pytest.param(f"https://{BUCKET}-useast1.s3.amazonaws.com.evil.com/key", id="amazonaws-com-evil-com"),
        pytest.param(f"https://{BUCKET}-useast1.s3.amazonaws.comevil.com/key", id="amazonaws-comevil-com"),
        pytest.param(f"https://{BUCKET}-useast1.s3.amazonaws.co/key", id="one-letter-less"),
        pytest.param(f"https://{BUCKET}-useast1.s3xamazonaws.com/key", id="a-letter-for-a-dot"),
        pytest.param(f"https://{BUCKET}-useast1xs3.amazonaws.com/key", id="a-letter-for-another-dot"),
        pytest.param(f"https://{BUCKET}-useast1.s3.us-east-1xamazonaws.com/key", id="a-letter-for-the-last-dot"),
        pytest.param("https://s3.amazonaws.com/key", id="s3-itself"),
        pytest.param(f"https://s3.amazonaws.com/{BUCKET}-useast1/key", id="the-bucket-in-the-path"),
        pytest.param(f"https://{HOST}./key", id="a-dot-at-the-end"),
        pytest.param(f"https://{HOST}:8443/key", id="another-port"),
        pytest.param(f"https://{HOST}:80/key", id="the-port-of-http"),
        pytest.param(f"https://{HOST}:0/key", id="port-zero"),
        pytest.param(f"https://{HOST}:99999/key", id="a-port-beyond-all-ports"),
        pytest.param(f"https://{HOST}:https/key", id="a-port-by-name"),
        pytest.param(f"https://{HOST}@evil.com/key", id="its-name-as-a-user"),
        pytest.param(f"https://{HOST}:443@evil.com/key", id="its-name-and-port-as-user-and-password"),
        pytest.param(f"https://user@{HOST}/key", id="a-user-at-its-host"),
        pytest.param(f"https://user:password@{HOST}/key", id="a-user-and-a-password-at-its-host"),
        pytest.param(f"https://evil.com@{HOST}/key", id="another-host-as-its-user"),
        pytest.param(f"https://@{HOST}/key", id="an-empty-user"),
        pytest.param(f"https://{HOST}\\@evil.com/key", id="a-backslash-before-a-user"),
        pytest.param(f"https://evil.com\\{HOST}/key", id="a-backslash-after-another-host"),
        pytest.param(f"https://{HOST}\\.evil.com/key", id="a-backslash-in-the-host"),
        pytest.param(f"https://{HOST}%00.evil.com/key", id="a-null-in-the-host"),
        pytest.param(f"https://{HOST}%2eevil.com/key", id="an-escaped-dot-in-the-host"),
        pytest.param(f"https://{HOST}\t.evil.com/key", id="a-tab-in-the-host"),
        pytest.param(f"https://{HOST}\r\n.evil.com/key", id="a-line-break-in-the-host"),
        pytest.param(f"https://{HOST} /key", id="a-space-in-the-host"),
        pytest.param(f"https://{HOST};evil.com/key", id="a-semicolon-in-the-host"),
        pytest.param(f"https://{HOST.replace('amazonaws', 'аmazonaws')}/key", id="a-cyrillic-letter"),  # noqa: RUF001
        pytest.param(f"https://{HOST.replace('.', '。')}/key", id="ideographic-dots"),
        pytest.param(f"https://{HOST.replace('s3', 'ｓ3')}/key", id="a-fullwidth-letter"),  # noqa: RUF001
        pytest.param(f"https://{HOST}／key", id="a-fullwidth-slash"),  # noqa: RUF001
        pytest.param(f"https://{HOST}:４４３/key", id="a-fullwidth-port"),  # noqa: RUF001
        pytest.param("https://[::1]/key", id="an-address"),
        pytest.param("https://[::1/key", id="an-address-without-its-end"),
        pytest.param("https://169.254.169.254/latest/meta-data", id="the-metadata-service"),
        pytest.param("http://localhost:4566/key", id="an-emulator-that-nobody-has-configured"),
        pytest.param(f"https://{HOST}/key with a space", id="a-space-in-the-path"),
        pytest.param(f"https://{HOST}/key HTTP/1.1\x00X: y", id="a-null-in-the-path"),
        pytest.param(f"https://{HOST}/schlüssel", id="a-path-beyond-ascii"),
        pytest.param("https://" + "a" * 100000, id="a-very-long-host"),
    ],
)
def test_no_other_place_is_ever_answered(url: str) -> None:
    with pytest.raises(Unanswerable) as refused:
        at(url.replace("/key", f"/key{QUERY}"))

    told = str(refused.value)
    assert "nothing is done" in told
    assert not leaked(told)
    assert "evil" not in told
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"https://{BUCKET}-cnnorth1.s3.amazonaws.com/key", id="the-global-name-of-the-other-partition"),
        pytest.param(f"https://{BUCKET}-cnnorth1.s3.cn-north-1.amazonaws.com/key", id="the-other-partitions-suffix"),
    ],
)
def test_in_china_a_namesake_in_the_other_partition_is_not_answered(url: str) -> None:
    with pytest.raises(Unanswerable):
        at(url, region="cn-north-1")


PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
SUFFIXES = {partition["id"]: partition["outputs"]["dnsSuffix"] for partition in PARTITIONS}
REGIONS = {
    partition["id"]: [region for region in partition["regions"] if not region.endswith("-global")]
    for partition in PARTITIONS
}
# Two partitions have this suffix, and a name without a Region leads to the first.
SHARED_SUFFIX = "amazonaws.com"


def bucket_names(partition: str, region: str, *, at: str) -> set[str]:
    """Return the hosts at which somebody may have the bucket of a Region in a partition that is not the Region's."""
    bucket = f"{BUCKET}-{region.replace('-', '')}"
    hosts = {f"{bucket}.s3{mark}{one}.{SUFFIXES[at]}" for mark in ".-" for one in REGIONS[at]}
    hosts |= {f"{bucket}.s3.{SUFFIXES[at]}"} if at == "aws" or SUFFIXES[at] != SHARED_SUFFIX else set()
    if SUFFIXES[at] != SUFFIXES[partition]:
        hosts |= {f"{bucket}.s3{mark}{region}.{SUFFIXES[at]}" for mark in ".-"}
    return hosts


@pytest.mark.parametrize("partition", SUFFIXES)
def test_whoever_takes_the_buckets_name_in_another_partition_gets_no_answer(partition: str) -> None:
    assert len(SUFFIXES) >= 7
    for region in REGIONS[partition]:
        for other in SUFFIXES.keys() - {partition}:
            for host in bucket_names(partition, region, at=other):
                with pytest.raises(Unanswerable):
                    at(f"https://{host}/key{QUERY}", region=region)


@pytest.mark.parametrize("partition", SUFFIXES)
def test_in_each_partition_the_bucket_at_its_own_regions_host_is_answered(partition: str) -> None:
    for region in REGIONS[partition]:
        host = f"{BUCKET}-{region.replace('-', '')}.s3.{region}.{SUFFIXES[partition]}"
        assert at(f"https://{host}/key{QUERY}", region=region).host == host


def test_a_function_that_does_not_know_its_region_answers_nobody() -> None:
    with pytest.raises(Unanswerable, match="a known Region"):
        at(f"https://{BUCKET}-.s3.amazonaws.com/key", region="")


@pytest.mark.parametrize(
    ("emulator", "url"),
    [
        pytest.param("http://localhost:4566", "http://localhost:4566/key", id="its-own-port"),
        pytest.param("http://localhost:4566", "http://localhost:39999/key", id="any-port"),
        pytest.param("http://localhost:4566", "https://localhost/key", id="encrypted-and-without-a-port"),
        pytest.param("http://127.0.0.1:4566", "http://127.0.0.1:1/key", id="an-address"),
        pytest.param("http://[::1]:4566", "http://[::1]:1/key", id="an-address-in-brackets"),
        pytest.param("https://Emulator.test/path", "http://emulator.TEST:4566/key", id="capitals"),
        pytest.param("http://localhost:4566", f"https://{HOST}/key", id="cloudformation-itself"),
    ],
)
def test_the_emulator_is_answered_at_any_port(emulator: str, url: str) -> None:
    assert at(url, emulator=emulator).target == Sensitive("/key")


@pytest.mark.parametrize(
    ("emulator", "url"),
    [
        pytest.param("http://localhost:4566", "http://127.0.0.1:4566/key", id="another-name-of-the-same-machine"),
        pytest.param("http://localhost:4566", "http://localhost.evil.com:4566/key", id="a-host-that-begins-like-it"),
        pytest.param("http://localhost:4566", "http://evil.com:4566/key", id="another-host-at-its-port"),
        pytest.param("http://localhost:4566", "http://localhost@evil.com/key", id="its-name-as-a-user"),
        pytest.param("http://localhost:4566", "http://user@localhost:4566/key", id="a-user-at-its-host"),
        pytest.param("http://localhost:4566", "ftp://localhost:4566/key", id="another-scheme"),
        pytest.param("http://localhost:4566", "localhost:4566/key", id="no-scheme"),
        pytest.param("http://localhost:4566", f"http://{HOST}/key", id="cloudformation-without-encryption"),
        pytest.param("localhost:4566", "http://localhost:4566/key", id="an-endpoint-that-is-no-url"),
        pytest.param("not a url", "https:///key", id="no-host-on-either-side"),
    ],
)
def test_an_emulator_opens_no_other_door(emulator: str, url: str) -> None:
    with pytest.raises(Unanswerable):
        at(url, emulator=emulator)


def test_a_destination_does_not_print_the_signature() -> None:
    assert SIGNATURE not in str(at(RESPONSE_URL))


@dataclass
class Hours:
    """A clock that goes on only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def deadline(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, Clock(monotonic=lambda: self.now, sleep=self.sleep))


def deliver(script: Sequence[Step], *, seconds: float = 60.0) -> tuple[list[bytes], Hours, str]:
    """Put an answer to a host that follows the script; return what arrived, the time it took, and the failure."""
    hours, failure = Hours(), ""
    with response_host("127.0.0.1", script=script, tls=False) as host:
        where = at(host.url(f"/stack%7Cguid{QUERY}"), emulator="http://127.0.0.1")
        try:
            put(where, b'{"Status":"SUCCESS"}', hours.deadline(seconds))
        except Unanswerable as error:
            failure = str(error)
        for arrived in host.puts:
            assert arrived.path == f"/stack%7Cguid{QUERY}"
            assert arrived.headers["content-type"] == ""
            assert arrived.headers["content-length"] == "20"
    assert not leaked(failure)
    return [arrived.body for arrived in host.puts], hours, failure


@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_that_is_taken_is_delivered_once(status: int) -> None:
    bodies, hours, failure = deliver([status])

    assert (bodies, hours.slept, failure) == ([b'{"Status":"SUCCESS"}'], [], "")


def test_not_even_a_talkative_http_client_prints_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)

    assert deliver([503, 200])[2] == ""

    assert "PUT" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([503, 200], id="a-server-error"),
        pytest.param([500, 502, 504, 200], id="many-server-errors"),
        pytest.param(["close", 200], id="a-broken-connection"),
        pytest.param(["close", 503, "close", 200], id="one-after-the-other"),
    ],
)
def test_what_may_pass_is_tried_again(script: list[Step]) -> None:
    bodies, hours, failure = deliver(script)

    assert (len(bodies), len(hours.slept), failure) == (len(script), len(script) - 1, "")


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 411, 412, 429])
def test_any_other_status_is_final(status: int) -> None:
    bodies, hours, failure = deliver([status])

    assert (len(bodies), hours.slept) == (1, [])
    assert failure == (f"CloudFormation did not take the answer (HTTP status {status}), and would not take it later.")


def test_tries_go_on_until_the_deadline_and_not_beyond() -> None:
    bodies, hours, failure = deliver([503] * 100)

    assert failure == "The answer could not be delivered in time; the last try ended with HTTP status 503."
    assert len(bodies) == len(hours.slept) + 1
    assert 50 < hours.now < 59.5
    assert max(hours.slept) <= 5.0
    assert 10 < len(bodies) < 60


def test_even_a_late_answer_is_tried_once() -> None:
    bodies, hours, failure = deliver([503, 200], seconds=-10)

    assert (len(bodies), hours.slept) == (1, [])
    assert "in time" in failure


def test_a_host_that_does_not_exist_is_tried_until_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    hours = Hours()

    with pytest.raises(Unanswerable, match="the last try ended with OSError") as failed:
        put(at(RESPONSE_URL), b"{}", hours.deadline(4))

    assert len(hours.slept) > 2
    assert not leaked(str(failed.value))


def test_a_certificate_that_nobody_trusts_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = Hours()
    with response_host(HOST) as host, host.resolved():
        with pytest.raises(Unanswerable, match="SSLCertVerificationError"):
            put(at(RESPONSE_URL), b"{}", hours.deadline(2))
        assert host.puts == []
        trusting = ssl.create_default_context(cafile=str(host.ca_file))
        monkeypatch.setattr("ssl.create_default_context", lambda: trusting)
        sender._tls_context.cache_clear()
        put(at(RESPONSE_URL), b"{}", hours.deadline(2))

    assert [arrived.body for arrived in host.puts] == [b"{}"]
    assert [arrived.host for arrived in host.puts] == [HOST]


REQUEST = Request.parse(event())
OUTCOME = Outcome("SUCCESS", CLIENT_ID, data={"ClientId": CLIENT_ID, "ClientSecret": Sensitive(CLIENT_SECRET)})


def test_a_courier_checks_before_anything_is_done() -> None:
    courier = S3Sender("us-east-1", "")

    courier.check(REQUEST)
    with pytest.raises(Unanswerable):
        courier.check(Request.parse(event(ResponseURL="https://evil.com/")))


def test_a_courier_delivers_the_outcome_and_logs_what_did_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    outcome = Outcome("SUCCESS", CLIENT_ID, data={**OUTCOME.data, "CallbackURLs": "x" * 5000})
    with response_host("127.0.0.1", tls=False) as host:
        request = Request.parse(event(ResponseURL=host.url(f"/key{QUERY}")))
        S3Sender("us-east-1", "http://127.0.0.1:4566").deliver(request, outcome, Hours().deadline(60))

    (arrived,) = host.puts
    assert json.loads(arrived.body) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": CLIENT_ID,
        "StackId": STACK_ID,
        "RequestId": REQUEST_ID,
        "LogicalResourceId": "WebClient",
        "NoEcho": True,
        "Data": {"ClientId": CLIENT_ID, "ClientSecret": CLIENT_SECRET},
    }
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.__dict__["left_out"] == ("CallbackURLs",)


def test_at_a_terminal_the_answer_is_printed_with_its_secret_masked(capsys: pytest.CaptureFixture[str]) -> None:
    request = Request.parse(event(ResponseURL="http://pre-signed-s3-url-for-response", UserPoolId=POOL))
    terminal = ConsoleSender()

    terminal.check(request)
    terminal.deliver(request, OUTCOME, Hours().deadline(60))

    printed = json.loads(capsys.readouterr().out)
    assert printed["Data"] == {"ClientId": CLIENT_ID, "ClientSecret": "***"}
    assert printed["PhysicalResourceId"] == CLIENT_ID
