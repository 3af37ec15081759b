"""`parley keys` and `parley token`: what they print opens a deployment, and nothing private leaves this side."""

from __future__ import annotations

import json
import stat

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cli.main import main
from cli.signing_keys import KeyFileError, SigningKey, key_set, public_members
from functions.authorizer.app import build
from parley.settings import AuthorizerSettings

ACCOUNT = "AC" + "0" * 31 + "1"


def run(capsys, *argv: str) -> tuple[int, str, str]:
    status = main(argv)
    said = capsys.readouterr()
    return status, said.out.strip(), said.err.strip()


@pytest.mark.parametrize(("kind", "algorithm"), [("ed25519", "EdDSA"), ("p256", "ES256"), ("rsa", "RS256")])
def test_a_token_verifies_with_the_printed_key_set_and_no_other(tmp_path, capsys, kind, algorithm):
    file, other = tmp_path / "key.pem", tmp_path / "other.pem"
    for each in (file, other):
        assert run(capsys, "keys", "new", str(each), "--type", kind)[0] == 0
    status, printed, _ = run(capsys, "keys", "jwks", str(file))
    assert status == 0
    (key,) = json.loads(printed)["keys"]
    assert set(key) & {"d", "p", "q", "dp", "dq", "qi"} == set()
    options = ("--key", str(file), "--account", ACCOUNT, "--scope", "read write", "--expires", "8h", "--audience", "a")
    _, token, _ = run(capsys, "token", *options)
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": key["kid"], "typ": "JWT"}
    claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=[algorithm], audience="a")
    assert (claims["account"], claims["scope"]) == (ACCOUNT, "read write")
    assert claims["exp"] - claims["iat"] == 8 * 3600
    _, printed, _ = run(capsys, "keys", "jwks", str(other))
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, jwt.PyJWK(json.loads(printed)["keys"][0]).key, algorithms=[algorithm], audience="a")


def test_the_authorizer_takes_what_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    file = tmp_path / "key.pem"
    run(capsys, "keys", "new", str(file))
    _, jwks, _ = run(capsys, "keys", "jwks", str(file))
    _, token, _ = run(capsys, "token", "--key", str(file), "--account", ACCOUNT)
    authorize = build(AuthorizerSettings(jwks, "", ""))
    assert authorize({"headers": {"authorization": f"Bearer {token}"}})["isAuthorized"] is True
    assert authorize({"headers": {"authorization": f"Bearer {token}x"}})["isAuthorized"] is False


def test_a_key_is_readable_by_its_owner_alone_and_never_overwritten(tmp_path, capsys):
    file = tmp_path / "key.pem"
    run(capsys, "keys", "new", str(file))
    before = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    status, out, err = run(capsys, "keys", "new", str(file))
    assert (status, out) == (1, "")
    assert "File exists" in err
    assert file.read_bytes() == before


def test_the_same_key_has_the_same_id_wherever_it_is_read(tmp_path):
    key = SigningKey.generate()
    assert SigningKey.from_pem(key.pem()).jwk() == key.jwk()


def test_the_thumbprint_is_the_standards():
    # RFC 7638, 3.1
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    text = json.dumps({"keys": [{"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "x5c": ["long"]}]})
    (key,) = public_members(text)
    assert key["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert "x5c" not in key


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"{}",
        b'{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}]}',
        b"\xff{",
    ],
)
def test_what_is_no_key_is_refused_with_its_name(tmp_path, capsys, content):
    file = tmp_path / "key"
    file.write_bytes(content)
    status, out, err = run(capsys, "keys", "jwks", str(file))
    assert (status, out) == (1, "")
    assert err.startswith(f"parley: {file}: ")


def test_keys_that_the_authorizer_does_not_take_are_refused():
    # S505: that they are weak is the point
    for weak in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)):  # noqa: S505
        with pytest.raises(KeyFileError, match="Allowed"):
            SigningKey.from_pem(SigningKey(weak).pem())


def test_a_key_set_that_does_not_fit_the_parameter_is_refused():
    assert len(key_set([SigningKey.generate().jwk() for _ in range(15)])) <= 2800
    with pytest.raises(KeyFileError, match="2,800"):
        key_set([SigningKey.generate().jwk() for _ in range(30)])


@pytest.mark.parametrize(
    "argv",
    [
        ["token"],
        ["token", "--key", "k", "--account", "AC1"],
        ["token", "--key", "k", "--account", ACCOUNT, "--scope", "admin"],
        ["token", "--key", "k", "--account", ACCOUNT, "--expires", "soon"],
        ["keys"],
        ["keys", "new", "f", "--type", "dsa"],
    ],
)
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: parley" in capsys.readouterr().err


def test_a_missing_key_file_is_said(tmp_path, capsys):
    status, _, err = run(capsys, "token", "--key", str(tmp_path / "none"), "--account", ACCOUNT)
    assert (status, err) == (1, f"parley: {tmp_path / 'none'}: No such file or directory")
