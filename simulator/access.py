"""Access control: the e-office's token, the treasury's client and its bearer tokens."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from simulator.periods import RefusedError

TOKEN_LIFE = timedelta(hours=1)  # of simulated time


def draw_word(seed: int, what: str) -> str:
    """A secret of a simulated source. The seed decides it, so a connection can hold it beforehand."""
    return sha256(f"{seed} {what}".encode()).hexdigest()[:32]


class Access:
    """The secrets of the sources, and the bearer tokens that the treasury has issued."""

    def __init__(self, seed: int) -> None:
        self.eoffice_token = draw_word(seed, "eoffice")
        self.treasury_client = "cchc-tien-giang"
        self.treasury_secret = draw_word(seed, "treasury")
        self._lock = Lock()
        self._expiries: dict[str, datetime] = {}

    def check_eoffice(self, token: str | None) -> None:
        """Raise RefusedError 401 unless ``token``, from the header lgspaccesstoken, is the e-office's."""
        if token is None or not secrets.compare_digest(token.encode(), self.eoffice_token.encode()):
            raise RefusedError(401, "UNAUTHORIZED", "lgspaccesstoken: missing or not known")

    def issue(self, authorization: str | None, form: bytes, now: datetime) -> dict[str, Any]:
        """The answer of ``POST /token``; RefusedError 400 for another grant, 401 for another client or secret."""
        if parse_qs(form.decode(errors="replace")).get("grant_type") != ["client_credentials"]:
            raise RefusedError(400, "UNSUPPORTED_GRANT_TYPE", "grant_type: client_credentials is the only one")
        pair = f"{self.treasury_client}:{self.treasury_secret}".encode()
        expected = f"Basic {base64.b64encode(pair).decode()}"
        if authorization is None or not secrets.compare_digest(authorization.encode(), expected.encode()):
            raise RefusedError(401, "INVALID_CLIENT", "client id or secret: missing or not known")
        with self._lock:
            token = sha256(f"{expected} {len(self._expiries)}".encode()).hexdigest()
            self._expiries[token] = now + TOKEN_LIFE
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(TOKEN_LIFE.total_seconds())}

    def check_treasury(self, authorization: str | None, now: datetime) -> None:
        """Raise RefusedError 401 unless ``authorization`` has a token that was issued and hasn't expired."""
        with self._lock:
            expiry = self._expiries.get((authorization or "").removeprefix("Bearer "))
        if expiry is None or expiry <= now:
            raise RefusedError(401, "INVALID_TOKEN", "access token: missing, not known or expired")

    def expire_tokens(self) -> None:
        """Let every token expire that has been issued."""
        with self._lock:
            self._expiries = {
                token: datetime.min.replace(tzinfo=expiry.tzinfo) for token, expiry in self._expiries.items()
            }
