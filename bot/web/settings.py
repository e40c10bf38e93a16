"""What the pages need to know about where they run, worked out once from byname.toml.

Not the settings file itself (bot.config) and nothing that changes while the pages run.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from bot.config import Config

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - named to be left out of the list


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the pages answer, and how far a browser is trusted."""

    hosts: frozenset[str]  # names a request may call us by; anything else may be DNS rebinding
    is_tls: bool = False
    cookie: str = "byname"
    public_origin: str = ""
    session: timedelta = timedelta(hours=12)
    max_body: int = 256 * 1024
    sign_ins_per_minute: int = 10
    heartbeat_seconds: float = 15

    @property
    def scheme(self) -> str:
        return "https" if self.is_tls else "http"


def web_settings(config: Config) -> WebSettings:
    """Work out the settings of the pages from byname.toml."""
    public = urlsplit(config.web.public_url)
    named = {config.web.host, public.hostname or ""} - WILDCARDS
    is_tls = config.web.behind_tls or public.scheme == "https"
    return WebSettings(
        hosts=frozenset(LOOPBACK | named),
        is_tls=is_tls,
        # Cookies do not know ports: two homes on one machine would sign each other out.
        cookie="__Host-byname" if is_tls else f"byname-{config.web.port}",
        public_origin=f"{public.scheme}://{public.netloc}" if public.netloc else "",
    )


def public_url(config: Config) -> str:
    """Return the address people use, without a slash at its end."""
    host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
    return config.web.public_url.rstrip("/") or f"http://{host}:{config.web.port}"
