"""What a user pool's token endpoint thinks of a client secret, without touching a user."""

import base64
import http.client
import json
import ssl
from urllib.parse import urlencode, urlsplit

from user_pool_client.domain.credentials import Credentials, Verdict

_TIMEOUT = 5.0  # seconds
_NOWHERE = "https://localhost/"
_MOST_BYTES = 65536  # of an answer; Cognito's have some thousands
_OK, _BAD_REQUEST, _UNAUTHORIZED = 200, 400, 401

# What an error says of the secret. Others, such as invalid_request, may come before Cognito has looked at it.
# docs/decisions/0020-the-token-endpoint-tests-a-secret-without-a-user.md
_SAYS = {"invalid_client": Verdict.REFUSED, "invalid_grant": Verdict.TAKEN}


def check_secret(endpoint: str, credentials: Credentials, machine: bool, redirect_uri: str = _NOWHERE) -> Verdict:
    """Ask for a token: with client_credentials for a machine's client, else for a code that nobody was given.

    `redirect_uri` is one of the client's: with another one, Cognito may answer unauthorized_client, which says nothing.

    Never raises: what keeps it from being heard is Verdict.SILENT.
    https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
    """
    form = {"grant_type": "client_credentials"}
    if not machine:
        form = {"grant_type": "authorization_code", "code": "00000000-0000-0000-0000-000000000000"}
        form["redirect_uri"] = redirect_uri
    pair = f"{credentials.client_id}:{credentials.client_secret.reveal()}"
    headers = {
        "Authorization": f"Basic {base64.b64encode(pair.encode('utf-8', 'replace')).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    try:
        status, body = _post(endpoint, urlencode(form), headers)
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: a host name that nothing can have
        return Verdict.NO_ANSWER
    if status == _OK:
        return Verdict.TAKEN
    error = _error(body)
    if status in (_BAD_REQUEST, _UNAUTHORIZED) and error:
        return _SAYS.get(error, Verdict.INCONCLUSIVE)
    return Verdict.NO_ANSWER


def _post(endpoint: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
    url = urlsplit(endpoint)
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port, timeout=_TIMEOUT, context=ssl.create_default_context()
    )
    try:
        connection.set_debuglevel(0)  # else it would print the header, if somebody had made all connections talk
        connection.request("POST", url.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()


def _error(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, str) else ""
