"""The wire format, against what protobuf writes, and against what nobody should."""

import struct

import numpy as np
import pytest
from ppgn_caffe.wire import MAX_DEPTH, MAX_FIELDS, Corrupt, Message

from .schema import schema


def fields(data: bytes) -> list:
    return list(Message(memoryview(data)).fields())


def test_every_type_of_field() -> None:
    made = schema()["LayerParameter"](name="conv1", bottom=["a", "b"])
    made.relu_param.negative_slope = 0.5
    made.convolution_param.num_output = 2**32 - 1
    found = fields(made.SerializeToString())
    assert [number for number, _ in found] == [1, 3, 3, 106, 123]
    assert [bytes(value) for _, value in found[:3]] == [b"conv1", b"a", b"b"]
    assert fields(bytes(found[3][1])) == [(1, 2**32 - 1)]
    assert fields(bytes(found[4][1]))[0][1].tolist() == [0.5]


@pytest.mark.parametrize("n", [1, 2, 7, 64, 100_003])
def test_an_unpacked_list_is_one_run(n: int) -> None:
    values = np.random.default_rng(0).standard_normal(n).astype(np.float32)
    made = schema("unpacked")["BlobProto"](data=values.tolist(), double_data=values[:5].tolist(), num=3)
    found = dict(fields(made.SerializeToString()))
    assert found[1] == 3
    np.testing.assert_array_equal(found[5], values)
    np.testing.assert_array_equal(found[8], values[:5])


def test_groups_are_skipped() -> None:
    group = b"\x0b" + b"\x13\x08\x01\x14" + b"\x0d" + struct.pack("<f", 1) + b"\x0c"
    assert fields(group + b"\x08\x05") == [(1, 5)]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x08", "ends within a number"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 64 bits"),
        (b"\x0a\x05abc", "a field of 5 bytes where 3 are left"),
        (b"\x0a" + b"\xff" * 9 + b"\x01", "a field of 18446744073709551615 bytes where 0"),
        (b"\x0d\x00\x00", "ends within a number"),
        (b"\x09\x00\x00\x00\x00", "ends within a number"),
        (b"\x0e\x00", "type 6"),
        (b"\x02\x00", "number 0"),
        (b"\x0c", "groups"),
        (b"\x0b\x08\x01", "no end"),
        (b"\x0b" * (MAX_DEPTH + 1), "too deep"),
    ],
)
def test_what_cannot_be(data: bytes, told: str) -> None:
    with pytest.raises(Corrupt, match=told):
        fields(data)


@pytest.mark.parametrize("field", [b"\x08\x01", b"\x0a\x00", b"\x0d\0\0\0\0\x15\0\0\0\0"])
def test_many_small_fields_end_soon(field: bytes) -> None:
    """They are counted over messages within messages."""
    with pytest.raises(Corrupt, match=f"more than {MAX_FIELDS} fields"):
        fields(field * (MAX_FIELDS + 1))
    message = Message(memoryview(b"\x08\x01" * (MAX_FIELDS // 2 + 1)))
    assert len(list(message.fields())) > 1
    with pytest.raises(Corrupt, match="fields"):
        list(message.within(message.data).fields())


def test_a_run_costs_no_copy() -> None:
    data = bytearray(b"\x2d\0\0\0\0" * 3)
    ((_, values),) = fields(data)  # type: ignore[arg-type]
    data[1:5] = struct.pack("<f", 2)
    assert values.tolist() == [2, 0, 0]
