"""One line for each mistake in the configuration, with its remedy and without a secret."""

import pytest

from relay.settings import ConfigurationError, load_settings
from tests.relay_toml import ACCOUNT, HYBER, SECRET, refusal

pytestmark = pytest.mark.usefixtures("own_folder")


MISTAKES = [
    ("[kafkaa]", "relay.toml: kafkaa: is not a known key; did you mean kafka? known here: kafka, relay,"),
    ('source = "x"', "relay.toml: source: is not a known key;"),
    (
        '[kafka]\nbootstrap_server = "a:1"',
        "kafka.bootstrap_server: is not a known key; did you mean bootstrap_servers?",
    ),
    ('[kafka]\nbootstrap_servers = ""', "kafka.bootstrap_servers: must be host:port, or several with commas"),
    ('[kafka]\nbootstrap_servers = "a"', "kafka.bootstrap_servers: must be host:port"),
    ('[kafka]\nbootstrap_servers = "a:70000"', "kafka.bootstrap_servers: must be host:port"),
    ('[kafka]\nsecurity_protocol = "TLS"', "kafka.security_protocol: must be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or"),
    ('[kafka]\nsasl_mechanism = "SCRAM"', "kafka.sasl_mechanism: must be 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'"),
    (
        '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_password = "p"',
        "kafka.sasl_username: is missing, and security_protocol SASL_SSL needs it; set sasl_username",
    ),
    (
        '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_username = "u"',
        "kafka.sasl_password: is missing, and security_protocol SASL_SSL needs it; set sasl_password or",
    ),
    (
        '[kafka]\nsasl_username = "u"',
        "kafka.sasl_username: is not used with security_protocol PLAINTEXT; set SASL_SSL there, or remove this key",
    ),
    ('[kafka]\nssl_cafile = "relay.toml"', "kafka.ssl_cafile: is not used with security_protocol PLAINTEXT;"),
    (
        '[kafka]\nsecurity_protocol = "SSL"\nssl_keyfile = "relay.toml"',
        "kafka.ssl_keyfile: is set without ssl_certfile; set ssl_certfile as well",
    ),
    (
        '[kafka]\nsecurity_protocol = "SSL"\nssl_cafile = "gone.pem"',
        "kafka.ssl_cafile: names a file that can't be read (no such file or directory); give the path of a PEM file",
    ),
    (
        '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_username = "u"\nsasl_password_file = "gone"',
        "kafka.sasl_password_file: names a file that can't be read (no such file or directory); give the path",
    ),
    ("[relay]\npartitions = 0", "relay.partitions: must be at least 1; set partitions of created topics, such as 12"),
    ("[relay]\npartitions = 10001", "relay.partitions: must be at most 10000;"),
    ("[relay]\npartitions = 1.5", "relay.partitions: must be a whole number;"),
    ("[relay]\npartitions = true", "relay.partitions: must be a number;"),
    ('[relay]\ngroup = ""', "relay.group: has characters or a form that are not allowed; set the name of the"),
    ('[relay]\ncreate_topics = "maybe"', "relay.create_topics: must be true or false; set true to create"),
    ("[http]\nport = 65536", "http.port: must be at most 65535; set the port to listen on, such as 8080"),
    ('[http]\nport = "web"', "http.port: must be a whole number;"),
    ("[http]\nhost = 1", "http.host: must be text in quotes;"),
    ('[http]\nhost = ""', "http.host: must not be empty;"),
    ("http = 1", "relay.toml: http: must be a table; set a table [http]"),
    ('[logging]\nlevel = "INFO"', "logging.level: must be 'debug', 'info', 'warning' or 'error'; set the least severe"),
    ('[logging]\nformat = "text"', "logging.format: must be 'json' or 'console';"),
    ('[privacy]\nrecipients = "all"', "privacy.recipients: must be 'masked', 'clear' or 'omitted';"),
    ('[topics]\nraw = "a b"', "topics.raw: must have 1 to 249 letters, digits, dots, hyphens or underscores;"),
    (
        '[topics]\nstate = "relay.inbox.v1"',
        "topics.state: is the same topic as topics.inbox; give each of the ten topics a name of its own",
    ),
    ("[topics]\ndelivery = 1", "topics.delivery: is not a known key; did you mean delivered? known here: fetch_req"),
    ("[accounts]\nx = 1", "accounts.x: must be a table; set provider and"),
    ("[accounts.x]", "relay.toml: accounts.x.provider: is missing; set one of: hyber"),
    ('[accounts.x]\nprovider = "hiber"', "accounts.x.provider: is not a known provider; did you mean hyber? set one"),
    ("[accounts.x]\nprovider = 1", "accounts.x.provider: is not a known provider; set one of: hyber"),
    ('[accounts.Main]\nprovider = "hyber"', "accounts.Main: is not a valid account name; use lower-case letters"),
    ('[accounts.a__b]\nprovider = "hyber"', "accounts.a__b: is not a valid account name;"),
    ('[accounts.a_]\nprovider = "hyber"', "accounts.a_: is not a valid account name;"),
    (f'[accounts.{"a" * 64}]\nprovider = "hyber"', "a: is not a valid account name;"),
    ('[accounts.x]\nprovider = "hyber"', "accounts.x.base_url: is missing; set the address of the provider's API, s"),
    ('[accounts.x]\nprovider = "hyber"', "accounts.x.username: is missing; set the login that Hyber gave"),
    (
        '[accounts.x]\nprovider = "hyber"',
        "accounts.x.password: is missing or empty; set password, or password_file with the path of a file that holds",
    ),
    (HYBER + 'api_key = "x"', "accounts.x.api_key: is not a known key; known here: provider, base_url"),
    (HYBER + "rate_per_sec = 1", "accounts.x.rate_per_sec: is not a known key; did you mean rate_per_second?"),
    (
        HYBER + "rate_per_second = 0",
        "relay.toml: accounts.x.rate_per_second: must be greater than 0; set requests per second, such as 200",
    ),
    (HYBER + "rate_per_second = nan", "accounts.x.rate_per_second: must be a finite number;"),
    (HYBER + "timeout_seconds = 301", "accounts.x.timeout_seconds: must be at most 300;"),
    (HYBER + "concurrency = 0", "accounts.x.concurrency: must be at least 1;"),
    (HYBER + 'ssl_cafile = "gone"', "accounts.x.ssl_cafile: names a file that can't be read"),
    (HYBER + 'ssl_cafile = "\\u0000"', "accounts.x.ssl_cafile: names a file that can't be read (not a valid path)"),
    (HYBER + 'password_file = "relay.toml"', "accounts.x.password: is set together with password_file; keep one of"),
    (HYBER.replace("1021", "a/b"), "accounts.x.client_id: has characters or a form that are not allowed;"),
    (HYBER.replace('"1021"', "1021"), "accounts.x.client_id: must be text in quotes; set the client id"),
    (HYBER + 'path = "api"', 'accounts.x.path: must start with "/"; set the path of the report API'),
    (HYBER + 'path = "/{message_id}"', "accounts.x.path: may contain plain path segments and {client_id} only;"),
    (HYBER + 'path = "/a?b"', "accounts.x.path: may contain plain path segments"),
    (HYBER + 'path = "/a/../b"', "accounts.x.path: may contain plain path segments"),
    (HYBER.replace("https://", "ftp://"), "accounts.x.base_url: must start with https:// or http:// and name a host;"),
    (HYBER.replace("dr.example", ""), "accounts.x.base_url: must start with https:// or http:// and name a host;"),
    (HYBER.replace("dr.ex", f"u:{SECRET}@dr.ex"), "accounts.x.base_url: must not contain credentials;"),
    (HYBER.replace("dr.example", "dr.example?a=b"), "accounts.x.base_url: must not have a query or a fragment;"),
    (HYBER.replace("dr.example", "dr.example?"), "accounts.x.base_url: must not have a query or a fragment;"),
    (HYBER.replace("dr.example", "dr.example:99999"), "accounts.x.base_url: must be a URL with a valid host and port;"),
    (HYBER.replace("dr.example", "dr. example"), "accounts.x.base_url: must not contain spaces or control characters;"),
    (HYBER + "polling.initial_seconds = 0", "accounts.x.polling.initial_seconds: must be greater than 0;"),
    (HYBER + "polling.factor = 0.5", "accounts.x.polling.factor: must be at least 1;"),
    (HYBER + "polling.max_seconds = 1", "accounts.x.polling.max_seconds: must not be less than initial_seconds;"),
    (HYBER + "polling.expire_after_seconds = 0", "accounts.x.polling.expire_after_seconds: must be greater than 0;"),
    (HYBER + "polling.seen_watch_seconds = -1", "accounts.x.polling.seen_watch_seconds: must be at least 0;"),
    (HYBER + "polling.drain_seconds = 1", "accounts.x.polling.drain_seconds: is not a known key; "),
    (HYBER + "codes.seen_substatus = 24", "accounts.x.codes.seen_substatus: must be a list; set the list of"),
    (HYBER + 'codes.seen_substatus = ["a"]', "accounts.x.codes.seen_substatus.0: must be a whole number; set the list"),
    (
        "[http\nport = 1",
        "relay.toml: line 1, column 6: expected ']' at the end of a table declaration; correct the TOML",
    ),
    ("port =", "relay.toml: end of document: invalid value; correct the TOML there"),
]


@pytest.mark.parametrize(("toml", "part"), MISTAKES)
def test_each_mistake_in_the_file_has_a_line(toml: str, part: str) -> None:
    """A line names file, key and remedy, and no line shows the secret."""
    lines = refusal(toml)
    assert any(part in line and line.startswith("relay.toml: ") for line in lines), lines
    assert SECRET not in "".join(lines)
    assert all("\n" not in line for line in lines)


VARIABLES = [
    ({"RELAY_HTTP__PORT": "x"}, "RELAY_HTTP__PORT: http.port: must be a whole number; set the port to listen on"),
    ({"RELAY_HTTP__PROT": "1"}, "RELAY_HTTP__PROT: http.prot: is not a known key; did you mean port? known here: host"),
    ({"RELAY_KAFKAA__X": "1"}, "RELAY_KAFKAA__X: kafkaa: is not a known key; did you mean kafka?"),
    ({"RELAY_LEVEL": "info"}, "RELAY_LEVEL: level: is not a known key;"),
    (
        {"RELAY_KAFKA": "a:1", "RELAY_KAFKA__SSL_CAFILE": "x"},
        "RELAY_KAFKA: kafka: must be a table; set a table [kafka]",
    ),
    ({"RELAY_ACCOUNTS__X__PROVIDER": "y"}, "RELAY_ACCOUNTS__X__PROVIDER: accounts.x.provider: is not a known provider"),
    (
        {"RELAY_ACCOUNTS__X__RATE_PER_SECOND": "-1"},
        "RELAY_ACCOUNTS__X__RATE_PER_SECOND: accounts.x.rate_per_second: mu",
    ),
    ({"RELAY_ACCOUNTS__X__CODES__SEEN_SUBSTATUS": "24"}, "SUBSTATUS: accounts.x.codes.seen_substatus: must be a list;"),
    ({"RELAY_ACCOUNTS__X__CODES__SEEN_SUBSTATUS": "[a]"}, "SUBSTATUS: accounts.x.codes.seen_substatus: must be a list"),
    (
        {"RELAY_ACCOUNTS__X__CODES__SEEN_SUBSTATUS": '["a"]'},
        "SUBSTATUS: accounts.x.codes.seen_substatus.0: must be a w",
    ),
    ({"RELAY_ACCOUNTS__X__PASSWORD": ""}, "RELAY_ACCOUNTS__X__PASSWORD: accounts.x.password: is missing or empty;"),
    ({"RELAY_ACCOUNTS__X__PASSWORD": "\udcff"}, "RELAY_ACCOUNTS__X__PASSWORD: accounts.x.password: must be valid UTF"),
    ({"RELAY_ACCOUNTS__X__PASSWORD_FILE": "gone"}, "RELAY_ACCOUNTS__X__PASSWORD_FILE: accounts.x.password_file: names"),
    ({"RELAY_ACCOUNTS__Y_": "1"}, "RELAY_ACCOUNTS__Y_: accounts.y_: is not a valid account name;"),
    (
        {"RELAY_CONFIG": "gone.toml"},
        "RELAY_CONFIG: gone.toml: can't be read (no such file or directory); give the path",
    ),
]


@pytest.mark.parametrize(("environ", "part"), VARIABLES)
def test_each_mistake_in_the_environment_names_its_variable(environ: dict[str, str], part: str) -> None:
    """A line names the variable instead of a file."""
    with pytest.raises(ConfigurationError) as raised:
        load_settings(None, ACCOUNT | environ)
    assert any(part in line for line in raised.value.lines), raised.value.lines
    assert SECRET not in str(raised.value)


def test_a_missing_key_of_an_account_from_variables_names_the_environment() -> None:
    """Without a file a missing key is the environment's."""
    with pytest.raises(ConfigurationError) as raised:
        load_settings(None, {name: value for name, value in ACCOUNT.items() if "USERNAME" not in name})
    assert raised.value.lines == ("environment: accounts.x.username: is missing; set the login that Hyber gave",)
