"""What a settings file may do that somebody else may have written."""

from pathlib import Path

import pytest
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.settings.sources import Sources
from loopback import Loopback

KEY = "tiger-burning-bright"
REACHES = [
    ('base_url = "http://far.example/v1"\nproposers = ["a"]', "the server 'http://far.example/v1'"),
    ('proposers = [["a", {model = "b", base_url = "https://far.example/v1"}], ["c"]]', "'https://far.example/v1'"),
    ('aggregator = ["offline:words", {model = "b", base_url = "https://far.example"}]', "'https://far.example'"),
    ('base_url = "http://me:secret-word@far.example/v1?key=secret-word"', "the server 'http://far.example/v1'"),
    ('base_url = "http://localhost.far.example/v1"', "'http://localhost.far.example/v1'"),
    ('base_url = "http://localhost@far.example/v1"', "the server 'http://far.example/v1'"),
    ('base_url = "http://127.0.0.1.far.example/v1"', "'http://127.0.0.1.far.example/v1'"),
    ('base_url = "http://192.168.0.1:8080/v1"', "'http://192.168.0.1:8080/v1'"),
    ('base_url = "http://2130706433/v1"', "'http://2130706433/v1'"),
    ('base_url = "http://[::/v1"', "the server"),
    ('proposers = [{model = "openai:x", api_key_env = "AWS_SECRET"}]', "the variable AWS_SECRET"),
    ('proposers = [{model = "openai:x", headers = {X-Key = "Bearer $GITHUB_TOKEN"}}]', "the variable GITHUB_TOKEN"),
    ('aggregator = {model = "openai:x", headers = {X-Key = "${GITHUB_TOKEN}"}}', "the variable GITHUB_TOKEN"),
    ('docs = "/etc"', "documents outside its folder, '/etc'"),
    ('docs = ["safe", "../secrets"]', "documents outside its folder, '../secrets'"),
    ('docs = "pages"', "documents outside its folder, 'pages/deeper/out'"),
    ('docs = "out.md"', "documents outside its folder, 'out.md'"),
    ('cache = "redis://me:secret-word@far.example/0"', "the cache 'redis://far.example/0'"),
    ('cache = "${GITHUB_TOKEN}"', "the variable GITHUB_TOKEN, as the cache's address,"),
    ('cache = "../answers.db"', "a cache outside its folder, '../answers.db'"),
    ('proposers = ["gguf:model.gguf"]', "the model file 'gguf:model.gguf'"),
    ('moderator = "gguf:model.gguf"\nsystem = "smoa"', "the model file 'gguf:model.gguf'"),
]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a stranger's repository, with links that lead out of it."""
    clone = tmp_path / "clone"
    (clone / "pages" / "deeper").mkdir(parents=True)
    (clone / "safe").mkdir()
    (clone / "safe" / "page.md").write_text("The sky is blue.")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "page.md").write_text("The word is swordfish.")
    (clone / "pages" / "deeper" / "out").symlink_to(tmp_path / "secrets")
    (clone / "out.md").symlink_to(tmp_path / "secrets" / "page.md")
    monkeypatch.chdir(clone)
    return clone


@pytest.mark.parametrize(("text", "reach"), REACHES, ids=[reach for _, reach in REACHES])
def test_what_leads_elsewhere_is_refused(clone: Path, text: str, reach: str) -> None:
    (clone / "moa.toml").write_text(text)

    with pytest.raises(ConfigError) as caught:
        Sources().whole  # noqa: B018 - it looks

    assert reach in str(caught.value)
    assert "name it with --config moa.toml, or for good with LANGGRAPH_MOA_CONFIG" in str(caught.value)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("command", [["ask", "Which?"], ["chat"], ["graph"], ["models"], ["mcp"], ["batch", "i", "o"]])
def test_no_key_goes_to_a_server_that_a_strangers_file_names(
    run: Run, clone: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    for variable in ("AWS_SECRET", "OPENAI_API_KEY", "LANGGRAPH_MOA_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    table = '{model = "x", base_url = "https://far.example/v1", api_key_env = "AWS_SECRET"}'
    (clone / "pyproject.toml").write_text(f"[tool.langgraph-moa]\nproposers = [{table}]")

    done = run(*command)

    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "found the server 'https://far.example/v1' in pyproject.toml, [tool.langgraph-moa], expected" in done.err
    assert KEY not in done.err


def test_a_server_on_this_machine_is_asked_and_named(run: Run, clone: Path, loopback: Loopback) -> None:
    (clone / "moa.toml").write_text(f'base_url = "{loopback.url}"\nproposers = ["a"]\ndocs = "safe"')

    done = run("ask", "What is the sky?")

    assert done.code == 0, done.err
    assert done.err.splitlines()[0] == f"settings: moa.toml; servers: {loopback.url}"


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_file_that_was_named_may_do_it_all(run: Run, clone: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    (clone / "moa.toml").write_text('base_url = "http://far.example/v1"\nproposers = ["a", "b"]')
    if way == "variable":
        monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", str(clone / "moa.toml"))

    done = run("graph", *(["--config", "moa.toml"] if way == "flag" else []))

    assert (done.code, "layer_1/b" in done.out) == (0, True)
    if way == "variable":
        assert f"settings: {clone}/moa.toml (LANGGRAPH_MOA_CONFIG); servers: http://far.example/v1" in done.err


def test_one_that_is_ignored_may_say_what_it_likes(run: Run, clone: Path) -> None:
    (clone / "moa.toml").write_text('base_url = "http://far.example/v1"\nlaiers = 3')

    done = run("ask", "1+1", "--no-settings")

    assert (done.code, done.out, "far.example" in done.err) == (0, "1+1 = 2\n", False)
