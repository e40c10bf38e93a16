"""byname.toml: what is wrong in it is named, in one line; what is right is kept."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from bot.config import merge_environment, parse_config, read_config
from bot.errors import ConfigError
from bot.logins import NoSecrets, build_connector, wanted
from connectors.contract import AuthFailed, ConnectorError

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BRAND = '[brand]\nname = "Tern"\n'


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "byname.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_brand_with_a_name_is_all_that_must_be_said(tmp_path):
    config = read_config(written(tmp_path, BRAND), {})
    assert config.brand.name == "Tern"
    assert config.zone.key == "UTC"
    assert (config.web.host, config.web.port) == ("127.0.0.1", 8400)
    assert config.digest.at == time(7, 0)


def test_a_missing_file_says_which_command_writes_one(tmp_path):
    with pytest.raises(ConfigError, match="byname init"):
        read_config(tmp_path / "byname.toml", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[brand]\nname = "T"\ntimezone = "UTC"\n', "brand.timezone: no such key"),
        ('[brand]\nname = "T"\n[wep]\nport = 1\n', "wep: no such key"),
        ("[web]\nport = 8400\n", "brand: is missing"),
        ('[brand]\nname = ""\n', "brand.name"),
        ('[brand]\nname = "T"\ntime_zone = "Mars/Base"\n', "'Mars/Base' is no IANA time zone"),
        (BRAND + "[web]\nport = 70000\n", "web.port"),
        (BRAND + "[policy]\nundo_seconds = -1\n", "policy.undo_seconds"),
        (BRAND + "[suggest]\nmin_memory = 2\n", "suggest.min_memory"),
        (BRAND + '[digest]\nat = "25:00"\n', "digest.at"),
        (BRAND + '[digest.smtp]\ntls = "maybe"\n', "digest.smtp.tls"),
        (BRAND + '[sources.s]\nlogin = "masto"\n', "names login 'masto'"),
        (BRAND + '[sources.s]\nkind = "search"\n', "needs a login, or a platform"),
        (BRAND + '[logins.m]\nbase_url = "x"\n', "logins.m.platform: is missing"),
    ],
)
def test_a_mistake_is_named_by_its_key(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        read_config(written(tmp_path, text), {})
    assert said in str(caught.value)
    assert str(tmp_path / "byname.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_named_at_once(tmp_path):
    text = '[brand]\nnam = "T"\n[web]\nports = 1\n'
    with pytest.raises(ConfigError) as caught:
        read_config(written(tmp_path, text), {})
    for said in ("brand.name: is missing", "brand.nam: no such key", "web.ports: no such key"):
        assert said in str(caught.value)


@pytest.mark.parametrize("raw", [b"[brand\nname", b'[brand]\nname = "\xff"\n'])
def test_what_is_no_toml_is_said_to_be_none(tmp_path, raw):
    path = tmp_path / "byname.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        read_config(path, {})


def test_a_folder_in_place_of_the_file_is_one_clear_line(tmp_path):
    (tmp_path / "byname.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "byname.toml", {})


def test_the_environment_overrides_single_keys(tmp_path):
    env = {"BYNAME_WEB__PORT": "9000", "BYNAME_BRAND__TIME_ZONE": "Asia/Tokyo", "OTHER": "1"}
    config = read_config(written(tmp_path, BRAND + "[web]\nport = 8401\n"), env)
    assert config.web.port == 9000
    assert config.zone.key == "Asia/Tokyo"
    assert config.brand.name == "Tern"


def test_the_environment_reaches_tables_inside_tables(tmp_path):
    env = {"BYNAME_DIGEST__SMTP__HOST": "mail.example"}
    assert read_config(written(tmp_path, BRAND), env).digest.smtp.host == "mail.example"


def test_a_wrong_key_in_the_environment_is_named_too(tmp_path):
    with pytest.raises(ConfigError, match=r"web\.prot: no such key"):
        read_config(written(tmp_path, BRAND), {"BYNAME_WEB__PROT": "1"})


def test_home_secrets_and_shared_are_no_keys():
    raw: dict[str, object] = {}
    env = {"BYNAME_HOME": "/h", "BYNAME_SHARED": "/s", "BYNAME_SECRET_MASTO": "{}"}
    assert merge_environment(raw, env) == []
    assert raw == {}


def test_an_environment_name_below_a_plain_value_is_a_mistake_and_no_crash(tmp_path):
    env = {"BYNAME_BRAND__NAME__FIRST": "T"}
    with pytest.raises(ConfigError, match=r"BYNAME_BRAND__NAME__FIRST"):
        read_config(written(tmp_path, BRAND), env)


def test_what_was_taken_from_the_environment_can_be_listed():
    raw: dict[str, object] = {}
    assert merge_environment(raw, {"BYNAME_WEB__PORT": "1"}) == ["BYNAME_WEB__PORT"]
    assert raw == {"web": {"port": "1"}}


def test_a_source_takes_platform_connector_and_languages_from_its_login(config):
    source = config(brand={"languages": ["en", "de"]}).source("all")
    assert (source.platform, source.connector, source.login) == ("mastodon", "replay", "masto")
    assert source.languages == ("en", "de")
    assert source.answer_since == datetime(2026, 3, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["search", "keyword", "hashtag"])
def test_what_is_found_by_keyword_is_answered_by_hand_only(config, kind):
    source = {"login": "masto", "kind": kind, "query": "tern"}
    made = config(sources={"word": source}).source("word")
    assert (made.listen_only, made.login, made.by_hand) == (True, None, True)


def test_what_shall_never_be_answered_is_not_answered_by_hand_either(config):
    tables = {"heard": {"platform": "web", "listen_only": True}, "all": {"listen_only": True}}
    made = config(sources=tables)
    assert [made.source(one).by_hand for one in ("heard", "all")] == [False, False]
    assert not config().source("all").by_hand


def test_keys_of_a_source_without_login_reach_its_connector(config):
    table = {"platform": "hackernews", "kind": "search", "query": "tern", "account": "tern_bikes"}
    made = config(sources={"hn": {**table, "base_url": "http://127.0.0.1:1"}})
    (want,) = [one for one in wanted(made) if one.name == "source:hn"]
    assert (want.connector, want.platform) == ("hackernews", "hackernews")
    assert want.settings == {"base_url": "http://127.0.0.1:1", "account": "tern_bikes"}
    assert made.source("hn").connector == "hackernews"


@pytest.mark.parametrize("key", ["base_url", "acount"])
def test_keys_for_a_connector_stand_with_the_login_where_there_is_one(config, key):
    with pytest.raises(ConfigError, match=rf"sources.all.{key}: no such key.*logins.masto"):
        config(sources={"all": {key: "x"}})


def test_a_mistake_in_a_source_without_login_is_named_by_its_connector(config, tmp_path):
    made = config(sources={"hn": {"platform": "hackernews", "acount": "x"}})
    want = next(one for one in wanted(made) if one.name == "source:hn")
    with pytest.raises(ConnectorError, match="source:hn: acount"):
        build_connector(want, tmp_path, lambda: NOON)


async def test_a_source_without_login_has_no_secrets(config):
    assert NoSecrets().read("source:hn") == {}
    with pytest.raises(ConfigError, match="source:hn has no login"):
        NoSecrets().write("source:hn", {})
    with pytest.raises(ConfigError, match="source:hn has no login"):
        await NoSecrets().refresh("source:hn", None)


async def test_bluesky_without_a_login_says_that_its_search_needs_one(config, tmp_path):
    made = config(sources={"sky": {"platform": "bluesky", "kind": "search", "query": "tern"}})
    want = next(one for one in wanted(made) if one.name == "source:sky")
    connector = build_connector(want, tmp_path, lambda: NOON)  # the others go on
    with pytest.raises(AuthFailed, match="byname connect bluesky"):
        await anext(aiter(connector.pages(made.source("sky"), None)))
    await connector.close()


def test_a_source_may_do_without_a_login(config):
    made = config(sources={"feed": {"connector": "rss", "platform": "web", "kind": "feed"}})
    source = made.source("feed")
    assert (source.login, source.connector, source.platform) == (None, "rss", "web")


def test_a_time_without_zone_is_read_in_the_brands_zone(config):
    made = config(
        brand={"time_zone": "Asia/Tokyo"},
        sources={"all": {"answer_since": datetime(2026, 3, 10, 9, 0)}},  # noqa: DTZ001 - the point
    )
    assert made.source("all").answer_since == datetime(2026, 3, 10, 0, 0, tzinfo=UTC)


def test_settings_without_sources_are_fine():
    assert parse_config({"brand": {"name": "T"}}).sources == {}


def test_words_are_kept_as_long_as_the_platform_and_the_operator_both_allow():
    raw = {"brand": {"name": "T"}, "keep": {"x": {"days": 30}, "youtube": {"days": 60}}}
    config = parse_config(raw)
    assert config.rules("x").retain_days == 30
    assert config.rules("youtube").retain_days == 30  # its own rule
    assert config.rules("mastodon").retain_days is None
