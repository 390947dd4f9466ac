"""An OpenID provider built from Authlib, in a process of its own.

PKCE is a must, and each refresh token can be used once. `python -m tests.helpers.oidc_server SECONDS` serves
it; access tokens live so long. Its pages are followed by `OidcServer.visit` as by a browser: the page is
opened, the form on it is sent, and the address of the redirect is the answer.
"""

from __future__ import annotations

import html.parser
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urljoin

import httpx

CLIENT = "haplodesk-test"
PASTE_PAGE = "https://services.example.org/pipelines/code"
REDIRECT = "http://localhost:10444"


class OidcServer:
    """The provider, started and stopped; use it as a context manager."""

    def __init__(self, lasts_s: int = 3600) -> None:
        environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.helpers.oidc_server", str(lasts_s)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        self._browser = httpx.Client(trust_env=False, verify=False)  # noqa: S501 - loopback only

    def look(self, url: str, host: str = "") -> httpx.Response:
        """Open an address as the browser does after a redirect."""
        return self._browser.get(url, headers={"Host": host} if host else {})

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        assert self.base_url.startswith("http://"), "the provider did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def discovery(self) -> str:
        """The address of its discovery document."""
        return self.base_url + "/.well-known/openid-configuration"

    def setup(self, **more: str) -> dict[str, str]:
        """The settings of a service that uses it."""
        return {
            "oidc_discovery": self.discovery,
            "oidc_client_id": CLIENT,
            "oidc_extra": "prompt=login&brand=scientificServices",
            "oidc_redirect": REDIRECT,
            "oidc_any_port": "yes",
            "oidc_paste_page": PASTE_PAGE,
        } | more

    def visit(self, url: str, user: str = "ann@example.org", button: str = "allow") -> str:
        """Sign in on the page as a person does; the address to which the browser is sent."""
        page = self._browser.get(url)
        assert page.status_code == 200, page.text
        form = _Form()
        form.feed(page.text)
        filled = {**form.hidden, "user": user, "do": button}
        answer = self._browser.post(urljoin(url, form.action), data=filled)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def tell(self, path: str) -> Any:
        """Ask or order something of the provider, beside the protocol."""
        return self._browser.post(f"{self.base_url}/test/{path}").json()

    def user_of(self, token: str) -> str | None:
        """The user of an access token that is good now, as a service would check it."""
        told = self._browser.post(self.base_url + "/test/check", data={"token": token}).json()
        return str(told["email"]) if told else None


class _Form(html.parser.HTMLParser):
    """The one form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "form":
            self.action = known.get("action") or ""
        elif tag == "input" and known.get("type") == "hidden":
            self.hidden[known.get("name") or ""] = known.get("value") or ""


# What runs in the process.


@dataclass
class Code:
    """A code that was given and not redeemed yet, as Authlib wants it."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    user: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Client:
    """The one client: public, so without a secret."""

    client_id = CLIENT

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return REDIRECT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == PASTE_PAGE or redirect_uri.startswith("http://localhost:")

    def check_client_secret(self, client_secret: str) -> bool:
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass
class Refresh:
    """A refresh token."""

    token: str
    user: str
    scope: str
    used: bool = False

    def check_client(self, client: Client) -> bool:
        return client.client_id == CLIENT

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return 86_400

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return self.used


class Provider:
    """Everything that the provider knows."""

    def __init__(self, lasts_s: int) -> None:
        from joserfc.jwk import RSAKey

        self.key = RSAKey.generate_key(2048)
        self.lasts_s = lasts_s
        self.issuer = ""
        self.codes: dict[str, Code] = {}
        self.refreshes: dict[str, Refresh] = {}
        self.counts = {"codes": 0, "refreshes": 0, "refused": 0}
        self.faults: dict[str, str] = {}

    def jwt(self, claims: dict[str, Any]) -> str:
        """A signed token."""
        from joserfc import jwt

        now = int(time.time())
        stamped = {"iss": self.issuer, "iat": now, "exp": now + self.lasts_s, **claims}
        return jwt.encode({"alg": "RS256"}, stamped, self.key)

    def check(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that is good."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            found = jwt.decode(token, self.key, algorithms=["RS256"])
            jwt.JWTClaimsRegistry(iss={"essential": True, "value": self.issuer}).validate(found.claims)
        except (JoseError, ValueError):
            return None
        return dict(found.claims)


def make_app(provider: Provider) -> Any:
    """The pages and end points."""
    import flask
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2 import OAuth2Error
    from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
    from authlib.oauth2.rfc7636 import CodeChallenge

    app = flask.Flask("oidc")
    server = AuthorizationServer()

    class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            provider.codes[code] = Code(
                code,
                CLIENT,
                request.payload.redirect_uri or "",
                request.payload.scope or "",
                request.user,
                asked.get("nonce"),
                asked.get("code_challenge"),
                asked.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes.pop(authorization_code.code)

        def authenticate_user(self, authorization_code: Code) -> str:
            provider.counts["codes"] += 1
            flask.g.id_claims = {"aud": CLIENT, "nonce": authorization_code.nonce}
            return authorization_code.user

    class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["none"]
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
            found = provider.refreshes.get(refresh_token)
            if found is None or found.is_revoked():
                provider.counts["refused"] += 1
                return None
            return found

        def authenticate_user(self, refresh_token: Refresh) -> str:
            provider.counts["refreshes"] += 1
            return refresh_token.user

        def revoke_old_credential(self, refresh_token: Refresh) -> None:
            refresh_token.used = True

    def make_token(**asked: Any) -> dict[str, Any]:
        import secrets

        user, scope = asked["user"], asked.get("scope") or "openid"
        told = {
            "token_type": "Bearer",
            "access_token": provider.jwt({"email": user, "sub": user, "jti": secrets.token_hex(8)}),
            "expires_in": provider.lasts_s,
            "scope": scope,
        }
        refresh = secrets.token_urlsafe(32)
        provider.refreshes[refresh] = Refresh(refresh, user, scope)
        told["refresh_token"] = refresh
        claims = {"sub": user, "email": user, **flask.g.pop("id_claims", {"aud": CLIENT}), **provider.faults}
        told["id_token"] = provider.jwt(claims)
        return told

    server.init_app(app, query_client=lambda _: Client(), save_token=lambda *_: None)
    server.register_token_generator("default", make_token)
    server.register_grant(CodeGrant, [CodeChallenge(required=True)])
    server.register_grant(RefreshGrant)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": provider.issuer + "/authorize?policy=sign_in",
            "token_endpoint": provider.issuer + "/token",
            "code_challenge_methods_supported": ["S256"],
        }

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        asked = flask.request.args
        if flask.request.method == "GET":
            wanted = {"policy": "sign_in", "prompt": "login", "code_challenge_method": "S256"}
            if any(asked.get(name) != value for name, value in wanted.items()):
                return "wrong request", 400
            try:
                server.get_consent_grant(end_user="nobody")
            except OAuth2Error as error:
                return str(error), 400
            action = html_escape(flask.request.full_path)
            return f'<form method="post" action="{action}"><input type="hidden" name="x" value="1"></form>'
        user = flask.request.form["user"] if flask.request.form["do"] == "allow" else None
        grant = server.get_consent_grant(end_user=user)
        return server.create_authorization_response(grant_user=user, grant=grant)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.post("/test/<what>")
    def test(what: str) -> Any:
        if what == "check":
            return flask.jsonify(provider.check(flask.request.form["token"]))
        if what == "revoke":
            provider.refreshes.clear()
        elif what == "mend":
            provider.faults.clear()
        elif what.startswith("fault-"):
            name, _, value = what.removeprefix("fault-").partition("-")
            provider.faults[name] = value
        return flask.jsonify(provider.counts)

    return app


def html_escape(text: str) -> str:
    """A text for an attribute."""
    from html import escape

    return escape(text, quote=True)


def main() -> None:
    """Serve on a free port and print the address."""
    from werkzeug.serving import make_server

    provider = Provider(int(sys.argv[1]))
    server = make_server("127.0.0.1", 0, make_app(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    print(provider.issuer, flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
