"""Moto with less ado: the same answers of its DynamoDB, for a fraction of the time, and batches of statements.

Most of what the tests on the aws engine took was moto's: for each call it built a web request of werkzeug's, looked
for the service among two hundred, listed the methods of its classes, walked the whole table for one partition and
parsed the same expressions anew. Each function here stands for one of moto's and gives what that gave. What DynamoDB
decides (conditions, updates, order, limits, errors) remains moto's; only of PartiQL moto has its own idea.
"""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.parse import PROTOCOL_PARSERS, BaseJSONParser
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import get_service_model
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import ast_nodes, expressions
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator
from moto.dynamodb.responses import DynamoHandler

from tests.contract.statements_in_moto import batch_execute_statement

_ACCOUNT: Final = "123456789012"
_URL: Final = re.compile(r"https://dynamodb\.([\w-]+)\.amazonaws\.com/")
_TARGET: Final = "DynamoDB_20120810."
_PLAIN: Final = frozenset({"S", "N", "BOOL", "NULL"})

# Moto does not type these.
DepthFirstTraverser: Final[Any] = getattr(ast_nodes, "DepthFirstTraverser")  # noqa: B009
Node: Final[Any] = getattr(ast_nodes, "Node")  # noqa: B009
UpdateExpressionParser: Final[Any] = getattr(expressions, "UpdateExpressionParser")  # noqa: B009
_method_names: Final[Any] = getattr(responses, "method_names_from_class")  # noqa: B009

_process_request = BotocoreStubber.process_request
_parse_structure: Any = BaseJSONParser._parse_structure
_serialize_structure = BaseJSONSerializer._serialize_type_structure
_query = Table.query
_make = UpdateExpressionParser.make
_CONCERNS: Final[dict[tuple[type, type], bool]] = {}
_request_numbers = itertools.count(1)


class _Handler(DynamoHandler):
    """One call that is known to be of DynamoDB, without the request that another service might look at."""

    def __init__(self, request: AWSPreparedRequest, region: str, action: str) -> None:
        super().__init__()
        self.region, self.partition, self.current_account = region, "aws", _ACCOUNT
        self.headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
        self.response_headers = {"server": "amazon.com"}
        self.uri_match: dict[str, Any] = {}
        self._action = action
        model = get_service_model("dynamodb").operation_model(action)
        parser: Any = PROTOCOL_PARSERS["json"](model, map_type=dict)
        self.params: Any = parser.parse({"body": request.body})

    def _get_action(self) -> str:
        return self._action


def _answer(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """For ``BotocoreStubber.process_request``: straight to DynamoDB if that is what the call is for."""
    target: Any = request.headers.get("X-Amz-Target", "")
    target = target.decode() if isinstance(target, bytes) else target
    url = _URL.match(request.url)
    if url is None or not target.startswith(_TARGET):
        return _process_request(stubber, request)
    return _Handler(request, url[1], target.removeprefix(_TARGET)).call_action()


def _parsed(parser: Any, shape: Any, value: Any) -> Any:
    """For the parser of structures: of an attribute's value only the one member that is there."""
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        return _parse_structure(parser, shape, value)
    return {kind: parser._parse_shape(shape.members[kind], inner) for kind, inner in value.items() if inner is not None}


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """For the writer of structures: likewise."""
    if shape.name != "AttributeValue" or type(value) is not dict or len(value) != 1 or not key:
        _serialize_structure(serializer, serialized, value, shape, key)
        return
    ((kind, inner),) = value.items()
    if kind in _PLAIN:
        serializer._default_serialize(serialized, {kind: inner}, shape, key)
        return
    wrapper: dict[str, Any] = {}
    serializer._serialize(wrapper, inner, shape.members[kind], kind)
    serializer._default_serialize(serialized, wrapper, shape, key)


def _query_partition(table: Table, hash_key: DynamoType | None, *arguments: Any, **named: Any) -> Any:
    """For ``Table.query``: of the table only the partition that is asked for; its indexes have the same partitions."""
    if hash_key is None or any(
        index.schema[0]["AttributeName"] != table.hash_key_attr for index in table.all_indexes()
    ):
        return _query(table, hash_key, *arguments, **named)
    narrowed = copy(table)
    narrowed.items = defaultdict(dict, {hash_key: table.items[hash_key]} if hash_key in table.items else {})
    return _query(narrowed, hash_key, *arguments, **named)


@functools.cache
def _update_expression(text: str) -> Any:
    """For ``UpdateExpressionParser.make``: who changes an expression copies it before."""
    return _make(text)


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """For ``DepthFirstTraverser.traverse_node_recursively``, which asked every node whether it is one of many kinds."""
    if not _is_node(_kind(node)):
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        _traverse(traverser, child, number)
    if _concerns(traverser, type(node)):
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _kind(thing: object) -> Any:
    return type(thing)


@functools.cache
def _is_node(kind: Hashable) -> bool:
    return isinstance(kind, type) and issubclass(kind, Node)


def _copied(node: Any, memo: dict[int, Any]) -> Any:
    """For ``deepcopy`` of an expression, a tree that nothing points into."""
    made = object.__new__(type(node))
    made.__dict__.update(node.__dict__, parent=None)
    if node.children is not None:
        made.children = [deepcopy(child, memo) for child in node.children]
        for child in made.children:
            if _is_node(_kind(child)):
                child.parent = made
    return made


def _concerns(traverser: Any, node: type) -> bool:
    """Whether ``traverser`` does something with nodes of that class."""
    pair = (type(traverser), node)
    if pair not in _CONCERNS:
        _CONCERNS[pair] = issubclass(node, traverser.nodes_to_be_processed())
    return _CONCERNS[pair]


def _at_the_root(traverser: Any, node: Any) -> Any:
    """For ``traverse`` of what looks through an expression as a whole, and did so again from each of its parts."""
    return traverser.process(node)


def _request_id(headers: Any = None) -> str:
    """For ``gen_amzn_requestid_long``: a number instead of 52 throws of a die."""
    number = f"{next(_request_numbers):052d}"
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = number
    return number


_REPLACEMENTS: Final[tuple[tuple[Any, str, Any], ...]] = (
    (BotocoreStubber, "process_request", _answer),
    (BaseJSONParser, "_parse_structure", _parsed),
    (BaseJSONSerializer, "_serialize_type_structure", _serialize),
    (Table, "query", _query_partition),
    (DynamoDBBackend, "batch_execute_statement", batch_execute_statement),
    (UpdateExpressionParser, "make", staticmethod(_update_expression)),
    (DepthFirstTraverser, "traverse_node_recursively", _traverse),
    (Node, "__deepcopy__", _copied),
    (ActionCountValidator, "traverse", _at_the_root),
    (OverlappingPathsValidator, "traverse", _at_the_root),
    (responses, "method_names_from_class", functools.cache(_method_names)),
    (responses, "gen_amzn_requestid_long", _request_id),
)


_ORIGINALS: Final = tuple((owner, name, vars(owner).get(name)) for owner, name, _ in _REPLACEMENTS)


def install() -> None:
    """Put them in place of moto's."""
    for owner, name, replacement in _REPLACEMENTS:
        setattr(owner, name, replacement)


@contextmanager
def taken_out() -> Iterator[None]:
    """Inside the block moto is as it came."""
    for owner, name, original in _ORIGINALS:
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
    try:
        yield
    finally:
        install()
