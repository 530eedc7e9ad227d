"""Which addresses and URLs outgoing requests may reach: the rules alone, without a network."""

from typing import Any

import pytest

from tickwell.domain.outbound import OutboundRules, host_fault, url_fault

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8",  # mapped
    "64:ff9b::808:808",  # NAT64 of 8.8.8.8
    "2600:1f18::a9fe:a9fe",  # a public address whose end only looks like metadata
]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # compatible
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0:127.0.0.1",  # translated
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",  # local NAT64
    "100::1",
    "2001::1",  # Teredo
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",  # 6to4 of 127.0.0.1
    "2002:808:808::1",
    "2600::5efe:a00:1",  # ISATAP of 10.0.0.1
    "2600::200:5efe:7f00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::1%eth0",
]
NEVER = [
    "fd20:ce::254",  # Google Cloud
    "fd00:c1::a9fe:a9fe",  # Oracle Cloud
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "::ffff:0:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:aa02",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",  # Teredo server
    "2001:0:4136:e378:8000:63bf:5601:5601",  # Teredo client, inverted
    "2600::5efe:a9fe:a9fe",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fe80::1",
    "fe80::1%eth0",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert OutboundRules().allow("a.example", [address])


@pytest.mark.parametrize("address", PRIVATE + NEVER)
def test_no_other_address_may_be_reached(address: str) -> None:
    assert not OutboundRules().allow("a.example", [address])


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
def test_a_private_address_may_be_allowed_by_itself_or_by_a_name(address: str) -> None:
    assert OutboundRules.allowing([address]).allow("a.example", [address])
    assert OutboundRules.allowing(["a.example"]).allow("a.example", [address])


@pytest.mark.parametrize("address", NEVER)
def test_metadata_may_not_be_reached_even_when_it_is_allowed(address: str) -> None:
    entries = ["a.example"] if "%" in address else ["a.example", address]
    assert not OutboundRules.allowing(entries).allow("a.example", [address])


def test_every_single_address_of_a_name_must_be_allowed() -> None:
    assert OutboundRules().allow("a.example", ["1.1.1.1", "8.8.8.8"])
    assert not OutboundRules().allow("a.example", ["1.1.1.1", "127.0.0.1"])
    assert not OutboundRules().allow("a.example", ["10.0.0.1", "1.1.1.1"])
    assert not OutboundRules.allowing(["10.0.0.1"]).allow("a.example", ["10.0.0.1", "10.0.0.2"])
    assert not OutboundRules().allow("a.example", [])
    assert not OutboundRules().allow("a.example", ["not an address"])


def test_an_allowed_name_is_that_very_name() -> None:
    rules = OutboundRules.allowing(["Hooks.Internal.", "localhost"])
    assert rules.allow("hooks.internal", ["10.0.0.1"])
    assert rules.allow("HOOKS.internal.", ["10.0.0.1"])
    assert not rules.allow("x.hooks.internal", ["10.0.0.1"])
    assert not rules.allow("internal", ["10.0.0.1"])


def test_an_allowed_address_is_the_same_in_its_mapped_form() -> None:
    assert OutboundRules.allowing(["127.0.0.1"]).allow("a.example", ["::ffff:127.0.0.1"])
    assert OutboundRules.allowing(["::ffff:10.1.1.1"]).allow("a.example", ["10.1.1.1"])
    assert not OutboundRules.allowing(["127.0.0.1"]).allow("a.example", ["127.0.0.2"])


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.0/8", "a b", "http://a.example", "a.example:80", "127.1", "[::1]", "*.a", "ä.de"]
)
def test_what_is_no_exact_address_or_name_cannot_be_allowed(entry: str) -> None:
    with pytest.raises(ValueError, match="exact address"):
        OutboundRules.allowing([entry])


@pytest.mark.parametrize(
    "host",
    [
        "a.example",
        "a.example.",
        "localhost",
        "x_y.a.example",
        "xn--mller-kva.de",
        "3com.com",
        "1.1.1.1",
        "::1",
        "a" * 63 + ".de",
    ],
)
def test_ordinary_hosts_are_accepted(host: str) -> None:
    assert host_fault(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a%2eb",
        "-a.example",
        "a-.example",
        "a/b",
        "a\\b",
        "A.example",
        "ä.de",
        "a" * 64 + ".de",
        "a." * 130 + "de",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.0.0.0x1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "a.example.1",
        "0x",
        "::1%lo",
        "1::2::3",
        ":",
    ],
)
def test_hosts_that_hide_an_address_or_are_none_are_refused(host: str) -> None:
    assert host_fault(host) is not None


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"scheme": "ftp"}, "http"),
        ({"scheme": ""}, "http"),
        ({"scheme": "file"}, "http"),
        ({"userinfo": True}, "password"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"port": -1}, "port"),
        ({"host": ""}, "host"),
    ],
)
def test_faults_of_urls_are_named(parts: dict[str, Any], word: str) -> None:
    whole: dict[str, Any] = {"scheme": "http", "userinfo": False, "host": "a.example", "port": None, **parts}
    fault = url_fault(**whole)
    assert fault is not None
    assert word in fault


def test_sound_urls_have_no_fault() -> None:
    assert url_fault(scheme="http", userinfo=False, host="a.example", port=1) is None
    assert url_fault(scheme="https", userinfo=False, host="::1", port=65535) is None
