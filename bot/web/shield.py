"""What stands around every handler: errors as clear answers, the Host check, the headers.

One of the three places that catch (beside the commands and the supervisor). A traceback goes to
the log, never to a page. Who may do what is bot.web.auth's.
"""

from http import HTTPStatus

import structlog
from aiohttp import web

from bot.errors import BotError, ConfigError, InputError, InUse, NotAllowed, Refused
from bot.web.keys import SETTINGS, Handler
from bot.web.render import page
from connectors.contract import ConnectorError
from nlp.model import NlpError
from storage.store import Conflict, IllegalEdge, NotFound, StoreError

log = structlog.get_logger()

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Conflict, 409),
    (IllegalEdge, 409),
    (NotFound, 404),
    (StoreError, 503),
    (NotAllowed, 403),
    (Refused, 422),
    (InputError, 400),
    (ConfigError, 503),
    (InUse, 503),
    (BotError, 500),
    (ConnectorError, 502),
    (NlpError, 503),
)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a page or with JSON that says what to do."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return await say(request, error.status, _words(error), _kept(error))
    except (BotError, StoreError, ConnectorError, NlpError) as error:
        return await say(request, _status(error), str(error))
    except Exception:
        log.exception("web.bug", path=request.path)
        return await say(request, 500, "Something broke here. The log says what.")


async def say(
    request: web.Request, status: int, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    """Answer with a status and one clear line: JSON for programs, a page for people."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        answer = web.json_response({"error": message, "status": status}, status=status)
    else:
        answer = await page(
            request, "error.html", status=status, message=message, title=HTTPStatus(status).phrase
        )
        answer.set_status(status)
    answer.headers.update(headers or {})
    return answer


def _status(error: Exception) -> int:
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def _words(error: web.HTTPException) -> str:
    usual = {
        404: "There is no such page.",
        405: "This address does not take that method.",
        413: "That is too large; the limit is 256 kB.",
    }
    default = f"{error.status}: {error.reason}"
    text = error.text if error.text and error.text != default else ""
    return usual.get(error.status) or text or error.reason


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}


@web.middleware
async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a name that is not ours: a hostile page may have pointed its own name at us."""
    if host_name(request.headers.get("Host", "")) not in request.app[SETTINGS].hosts:
        raise web.HTTPMisdirectedRequest(text="This server does not answer under that name.")
    return await handler(request)


def host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


async def put_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the security headers on everything that leaves, streams and errors too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.app[SETTINGS].is_tls:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers["Server"] = "byname"
