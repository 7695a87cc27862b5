"""The keys and headers that a server is asked with; they come from the environment, and are never shown."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..batches.messages import VERSION, VERSION_HEADER
from ..errors import ConfigError
from ..text import one_line
from ..wire.connections import bare_url, is_address, names_user, query_of
from ..wire.sending import Address, Headers
from ..wire.session import proxy_for

PROVIDER_KEYS = {"openai": "OPENAI_API_KEY", "together": "TOGETHER_API_KEY"}
MESSAGES_PROVIDER = "anthropic"
"""Who is asked for messages, by this package itself where it is told to."""
_KEYS = {**PROVIDER_KEYS, MESSAGES_PROVIDER: "ANTHROPIC_API_KEY"}
_ADDRESSES = {
    "openai": (("OPENAI_API_BASE", "OPENAI_BASE_URL"), "https://api.openai.com/v1"),
    "together": (("TOGETHER_API_BASE",), "https://api.together.xyz/v1"),
    MESSAGES_PROVIDER: (("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"), "https://api.anthropic.com/v1"),
}
"""The variables that name a provider's address, as LangChain's packages read them, and where it is by itself."""
_ACCOUNTS = {
    "OpenAI-Organization": ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"),
    "OpenAI-Project": ("OPENAI_PROJECT_ID",),
}
"""Who of OpenAI's customers is to be billed: headers, and the variables that say so."""
NO_KEY = "not-needed"
"""What is sent where no key is set."""
SERVER_KEY = "LANGGRAPH_MOA_API_KEY"
"""The key for a server of one's own; a provider's key is never sent to another address."""
KEY_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
"""The name of an environment variable; keys have small letters, and are not taken for one."""
HEADER_VARIABLE = re.compile(r"(?P<before>[A-Za-z]{1,10} )?\$\{?(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})\}?")
"""A header's value that stands in the environment, and may itself be written down."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class Server(NamedTuple):
    """Say where a model is asked, and with what; never shown, for headers may be secrets."""

    base_url: str | None
    api_key_env: str | None
    headers: Headers

    def address(self, provider: str, name: str) -> Address:
        """Return where a model is asked, with its key read from the environment.

        Raises:
            ConfigError: It is no address, or a proxy on the way to it is none; the key is not set, or is another's.
        """
        variables, url = _ADDRESSES[provider]
        url = self.base_url or _first(variables) or url
        check_address(url)
        headers, key = self.headers, self.key(provider, name)
        if provider == MESSAGES_PROVIDER:
            url = url if url.rstrip("/").endswith("/v1") else f"{url.rstrip('/')}/v1"  # their package's has none
            headers, key = (("x-api-key", key), (VERSION_HEADER, VERSION), *headers), ""
        if provider == "openai" and not self.base_url:
            headers = tuple((header, who) for header, names in _ACCOUNTS.items() if (who := _first(names))) + headers
        bare = bare_url(url)
        proxy_for(bare)
        return Address(bare, key, headers, query=query_of(url))

    def key(self, provider: str, name: str) -> str:
        """Read its key from the environment: a provider's own never goes to another address."""
        if self.base_url:
            check_address(self.base_url)
        variable = self.api_key_env
        if variable is not None:
            check_key_variable(variable)
            if self.base_url and variable in _KEYS.values():
                raise ConfigError(
                    f"found api_key_env={variable!r} for a server of its own, expected another variable: a provider's "
                    f"key is not sent to another address; put this server's key into {SERVER_KEY} or the like"
                )
            if not (key := os.environ.get(variable)):
                raise ConfigError(f"{name} needs the key in {variable}, which is not set; set it, or drop api_key_env")
            return key.strip()
        if self.base_url:
            return os.environ.get(SERVER_KEY, "").strip() or NO_KEY
        if not (key := os.environ.get(_KEYS[provider])):
            raise ConfigError(
                f"{provider}:{name} needs a key and {_KEYS[provider]} is not set; set it, or give the base "
                "URL of a server that needs none, or use the 'offline:' models"
            )
        return key.strip()  # files that hold keys end with a line


def check_address(url: str) -> None:
    """Refuse what is no address of a server; a password, which may be what is wrong with it, is not shown.

    Raises:
        ConfigError: It is none.
    """
    if names_user(url):
        raise ConfigError(
            f"found a user or password in the base URL, expected none; put the server's key into {SERVER_KEY}"
        )
    if not url.lower().startswith(("http://", "https://")) or not is_address(url):
        where = one_line(bare_url(url), limit=100)
        raise ConfigError(f"found the server {where!r}, expected an address like http://localhost:8080/v1; correct it")
    if "#" in url:
        raise ConfigError("found a fragment (#...) in the base URL, which goes to no server; take it away")


def _first(variables: Iterable[str]) -> str | None:
    return next(filter(None, map(os.environ.get, variables)), None)


def check_key_variable(name: object) -> None:
    """Refuse what is no variable's name, without showing it: it may be the key itself.

    Raises:
        ConfigError: It is none.
    """
    if not isinstance(name, str) or not KEY_VARIABLE.fullmatch(name):
        raise ConfigError(
            "found something else than a name as api_key_env, expected that of the environment variable that holds the "
            "key, in capitals, as MY_SERVER_KEY; never write down the key itself"
        )


def headers_from(given: Mapping[str, str]) -> Headers:
    """Return headers with what they name of the environment filled in.

    Args:
        given: Values by name; `$NAME`, or `Bearer $NAME`, stands for the variable's value.

    Raises:
        ConfigError: One cannot be sent, or its variable is not set; its value is not shown.
    """
    return tuple((name, _header(name, value)) for name, value in given.items())


def _header(name: object, value: object) -> str:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ConfigError(
            f"found {one_line(repr(name), limit=60)} as the name of a header, expected letters and dashes"
        )
    if not isinstance(value, str) or not value:
        raise ConfigError(
            f"found the header {name!r} without a value, expected one; write $NAME to take it from the environment"
        )
    if named := HEADER_VARIABLE.fullmatch(value):
        before, variable = named["before"] or "", named["name"]
        if not (held := os.environ.get(variable)):
            raise ConfigError(f"the header {name!r} needs {variable}, which is not set; set it, or drop the header")
        value = before + held
    if not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"found the header {name!r} with characters that no header may have, expected printable ASCII"
        )
    return value
