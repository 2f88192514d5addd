"""Inputs to begin with, by target: what is right, what is nearly so, and what was wrong once."""

_DEEP = b"[" * 4000
_REPLY = (
    b'{"success":true,"config_version":3,"command":true,"new_licenses":true,"info_version":2,'
    b'"latest_fw_version":"1.2.0-rc.1+b5","latest_fw_file_id":"f-1","space_data_version":4}'
)

_JSON = [
    _REPLY,
    b"{}",
    b"",
    b"null",
    b"[]",
    b'{"success":1}',
    b'{"config_version":9223372036854775808,"info_version":-1,"command":null}',
    b'{"config_version":1e999,"latest_fw_version":"\\ud83d\\udcff\\uZZZZ"}',
    b'{1:2,null:3,1.5:"x"}',
    b'{"error":"\\u001b[2J\\r\\nkey-never-to-be-shown"}',
    b'{"latest_fw_version":"' + b"9" * 3000 + b'.0.0"}',
    b'{"config_version":' + b"9" * 4000 + b"}",
    _DEEP,
    _DEEP[:2000] + b"]" * 2000,
    b'{"a":' * 800,
    b"[" + b"[]," * 1300 + b"0]",
    b"[" + b"{}," * 1300 + b"0]",
    b"\xff\xfe{}",
    b'"\xed\xa0\xbd"',
]

_LICENSE = (
    b'200{"id":"l-1","action":"add","data":"{\\"features\\":[\\"recording\\"],\\"device_id\\":\\"d-1\\"}",'
    b'"signature":"AAAA","expires_at":"2030-01-01T00:00:00Z","current_time":"2027-01-01T00:00:00.123Z"}'
)
_ALL = (
    b"200" + _REPLY
    + b'\x1f200{"version":3,"config":{"a":[1,2.5,null,true,"x"]}}\x1f' + _LICENSE + b"\x1f200{}"
    + b'\x1f200{"id":"c-1","status":"pending","name":"blink","parameters":{"n":1}}\x1f200\x1f200\x1f200{}'
    + b'\x1f200{"name":"lamp","details":{"a":1},"location":{"utc_offset":60}}\x1f200{"location":{"utc_offset":60,'
    b'"coordinates":{"lat":1.5,"lng":-1}},"temperature_units":"celsius","name":"attic"}\x1f200'
)  # fmt: skip


def _version(number: int) -> bytes:
    return b'200{"config_version":%d}\x1f200{"version":%d,"config":{}}' % (number, number)


CORPUS: dict[str, list[bytes]] = {
    "targets.reply": _JSON,
    "targets.canned": [bytes((kind,)) + text for text in _JSON[:12] for kind in (0, 2, 6, 0x7B)]
    + [b"\x7b999999999999999999\n{}", b"\x0b-5\n", b"\x06[" * 3000, b"\x00" + _DEEP, b"\x7b\xc2\xb2\n{}"],
    "targets.identities": [
        b'{"id":"d-1","access_key":"k","hub_url":"https://hub.example.com/"}',
        b'{"id":"a/b","access_key":"k\\r\\nX: y","hub_url":"ftp://hub"}',
        b'{"id":"..","access_key":"k","hub_url":"http://h:99999"}',
        b'{"id":"a","access_key":"k","hub_url":"http://h?x#y"}',
        b'{"id":"' + b"a" * 9000 + b'","access_key":"k","hub_url":"http://h"}',
    ],
    "targets.settings_file": _JSON
    + [
        b'{"wifi_ssid":"n","wifi_password":"12345678","entry_url":"http://e","hardware_key":"h","interval":5}',
        b'[["wifi_ssid","n"],["hardware_key","h"],["entry_url","http://e"]]',
        b"[[[],1]]",
        b'{"wifi_ssid":"n","hardware_key":"h","entry_url":' + _DEEP[:2500] + b"]" * 2500 + b"}",
    ],
    "targets.settings_fields": [
        b'{"interval":5,"timeout":3,"ca":["a"],"outbox":{"size":512,"in":"flash","policy":"latest"},"watchdog":300}',
        b'{"wifi_ssid":7,"led":49,"button":null,"verify":0,"user":{},"details":[],"health":-1,"ntp_servers":[]}',
        b'{"outbox":{"size":1e999,"in":[],"policy":{},"x":1},"interval":true,"maker_key":"MI","ca":[[]]}',
        b'{"entry_url":"http://e?x","mac":"","sn":null,"wifi_password":"\\ud83d12345678"}',
        b'{"entry_url":' + _DEEP[:2500] + b"]" * 2500 + b"}",
        b'{"ca":[' + b'"a",' * 900 + b'"a"]}',
        b"{1:2,null:3}",
    ],
    "targets.stored": [
        bytes((flags,)) + b'"latest_ver": "%s"}' % version
        for flags in (5, 1, 0xF6, 0x77, 0x8F, 3)
        for version in (b"1.1.0", b"x", b"1.0.0+" + b"b" * 300)
    ]
    + [b"\x05a", b"\x05" + _DEEP, b'\x05"a": {1: 2}}', b'\x05"latest_ver": [1]}', b'\x05"latest_ver": 1e999}'],
    "targets.versions": [
        b"1.0.0 1.0.0-alpha.1",
        b"1.0.0-a.b.c+d.e 1.0.0-a.b",
        b"01.0.0 1.0.0-01",
        b"1.0.0 " + b"9" * 300 + b".0.0",
        b"1.0.0 \xc2\xb2.0.0",
        b"1.0.0-- 1.0.0-0A.is.legal",
        b"1.0.0 1.0.0+" + b"a." * 2000 + b"a",
        b"v1.0.0 1.0",
    ],
    "targets.urls": [
        b"https://hub.example.com:8443/v1/devices?x=y#z key",
        b"http://h/\r\nX:y a\r\nB: c",
        b"http://\xc3\xa9/ \xc3\xa9",
        b"http://h:\xc2\xb2/ a",
        b"http://u:p@h/ a",
        b"HTTP://h:" + b"9" * 5000 + b"/ a",
        b"http://[::1]:80/ a",
    ],
    "targets.redirects": [
        b"https://a/b /c/d?e",
        b"https://a/b //c/d",
        b"https://a/b http://c/d",
        b"http://a?q ?p",
        b"http://a ../x#y",
        b"http://a https:x",
        b"http://a " + b"/" * 4000,
        b"http://a:80 http://a",
    ],
    "targets.signed": [
        b"\x00\x04\x30\x82\x00\x00AAAA",
        b"\x01\x26\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00\x30"
        b"\x82\x01\x0a\x02\x82\x01\x01\x00" + b"\xb5" * 256 + b"\x02\x03\x01\x00\x01" + b"QUFB" * 86,
        b"\x00\x00\xff",
        b"\xff\xff" + b"\x30\x82" * 100,
    ],
    "targets.texts": [
        b"plain",
        b"\\ud83d\\ude00 \\ud83d \\ude00x",
        b"\\uZZZZ\\u+123\\u    ",
        b"\xc2\x85\xc2\x9b\x1b[2J\r\n\x7f",
        b"\xed\xa0\xbd",
        b"\xf0\x9f\x98\x80" * 300,
        b"\\ud83d" * 300,
    ],
    "waiting.spooled": [
        b'\x00+{"a":1}\n{"b":2}\x1f+{"c":3}',
        b'\x01+{"a":1}\n{"b":2}',
        b'\x02+{"a":1}\n{"b":2}\x1f+{"c":3}\x1f+',
        b"\x16+a\nb\nc\x1f+d\x1f+e",
        b"\x0289abcdef  {}\n\n\n 00000000\n\x1f\xff\xff\xff\xff",
        b"\x00" + b"\n" * 2000,
        b"\x00" + b"x" * 9000,
        b"\x00\x1f\x1f\x1f",
    ],
    "wire.answered": [
        flags + cut + answer
        for flags, cut in ((b"\x00", b"\x07"), (b"\x08", b"\x01"), (b"\x03", b"\x10"), (b"\x44", b"\x02"))
        for answer in (
            b"HTTP/1.1 200 OK\r\nDate: Mon\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\nX: y\n folded\n\nabc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nConnection: close\r\n\r\n{}",
            b"HTTP/1.1 204 No\r\n\r\n",
            b"HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nabc",
        )
    ]
    + [
        b"\x00\x01HTTP/1.1 200 OK\r\n" + b"x\n" * 4000 + b"\r\n",
        b"\x00\x01HTTP/1.1 500 OK\r\nA: b\r\n" + b" c\r\n" * 1900 + b"\r\n",
        b"\x00\x3dHTTP/1.1 200 OK\r\nX: " + b"y" * 9000,
        b"\x00\x01" + b"HTTP/1.1 100 C\r\n\r\n" * 12,
        b"\x00\x3dHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"e" * 900 + b"\r\na\r\n") * 12,
        b"\x00\x02HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 70,
        b"\x70\x04HTTP/1.1 302 F\r\nLocation: http://other/\r\n\r\n",
    ],
    "whole.lived": [
        b"\x00" + _ALL,
        b"\x08" + _ALL,
        b"\x0a" + _ALL,
        b"\x01" + _ALL,
        b"\x04200" + b'{"id":"d","access_key":"k","hub_url":"http://h"}\x1f' + _ALL,
        b"\x00" + _version(1 << 63),
        b"\x00" + _version(-(1 << 63)),
        b"\x00" + b'200{"config_version":10}\x1f200{"version":3,"config":{}}',
        b"\x00" + b'200{"config_version":4}\x1f200{"version":4,"config":' + b'{"a":' * 2500 + b"1" + b"}" * 2501,
        b"\x00" + b'200{"config_version":4}\x1f200{"version":4,"config":{1:2,"a":1e999}}',
        b"\x00" + b'200{"info_version":4,"space_data_version":-7}\x1f200{"name":1e999,"x":1e999}\x1f200{"y":[]}',
        b"\x00" + b'200{"space_data_version":4}\x1f200{"location":{"utc_offset":true},"a":{"b":1e999}}',
        b"\x00" + b'200{"command":true}\x1f200{"id":"a/b\\r\\n","name":{"a":[1]},"parameters":[]}',
        b"\x00" + b'200{"command":true}\x1f200{"id":"","name":"dump","parameters":0}\x1f200{}\x1f200{"id":[[]]}',
        b"\x00" + b'200{"command":true}\x1f200{"id":"x","name":"reboot"}',
        b"\x02" + b'200{"new_licenses":true}\x1f200{"id":"l","action":"add","current_time":"0001-01-01"}',
        b"\x00" + b"200{}\x1f429999999999\x1fnet\x1ftim\x1funa\x1fbig\x1foss\x1fidx\x1f503\x1f401\x1f200{}",
        b"\x00" + b"429999999999\x1f429-1\x1f200{}",
        b"\x00" + b"200" + _DEEP,
    ],
}
