"""The dearest documents just below 10 kB.

Each is made for one step of the way: the parser, the measure, one rule of validation, or the sum of all.
"""

from collections.abc import Callable, Mapping

SIZE = 10_000
OBJECT = "member{credits{nodes{"
CLOSED = "}}}"


def documents() -> Mapping[str, str]:
    """Return the documents by what is hostile about them."""
    return {
        **_just_within_the_limits(),
        **_of_tokens(),
        **_of_literals(),
        **_of_selections(),
        **_of_fragments(),
        **_of_overlaps(),
        **_of_overlapping_fragments(),
        **_of_operations(),
    }


def filled(start: str, piece: Callable[[int], str], end: str = "", *, size: int = SIZE, most: int = SIZE) -> str:
    """Return a document of as many pieces as fit into the size, or of the most that are wanted."""
    pieces: list[str] = []
    length = len(start) + len(end)
    while len(pieces) < most and length + len(piece(len(pieces))) < size:
        pieces.append(piece(len(pieces)))
        length += len(pieces[-1])
    return start + "".join(pieces) + end


def nested(levels: int, *, field: str = "a", inmost: str = "b") -> str:
    """Return a selection so many levels deep."""
    return f"{field}{{" * levels + inmost + "}" * levels


def _just_within_the_limits() -> Mapping[str, str]:
    """Return documents that no limit stops, so that every rule has to look at them."""
    plain = "{policy{coolOffDays}}"
    unused = plain + "fragment F on Query{"
    return {
        "20 operations over a chain of fragments": "".join(f"query Q{n}{{...F0}}" for n in range(20))
        + "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(97))
        + "fragment F97 on Query{policy{coolOffDays}}",
        "19 operations over a chain of fragments, with a variable": "".join(
            f"query Q{n}($v:Boolean!){{...F0}}" for n in range(19)
        )
        + "".join(f"fragment F{n} on Query{{...F{n + 1}@skip(if:$v)}}" for n in range(49))
        + "fragment F49 on Query{node(id:["
        + "1 " * 500
        + "]){id}}",
        "a deep fragment and a long list": "query A{node(id:["
        + "1 " * 1_000
        + "]){id}}fragment F on Query{"
        + nested(100, field="viewer") * 3
        + "}",
        "an unknown input of 600 fields": filled(
            "mutation{inviteMembers(input:{", lambda n: f"a{n}:1 ", "}){__typename}}", most=600
        ),
        "an id that is a list of 1,900": filled("{node(id:[", lambda _: "1 ", "]){id}}", most=1_900),
        "260 variables in a list": filled("query(", lambda n: f"$v{n}:ID ", "){", most=260)
        + filled("node(id:[", lambda n: f"$v{n} ", "]){id}}", most=260),
        "480 unused variables": filled("query(", lambda n: f"$v{n}:ID ", "){policy{coolOffDays}}", most=480),
        "480 unknown arguments": filled("{policy(", lambda n: f"a{n}:1 ", "){coolOffDays}}", most=480),
        "60 unused fragments": filled(
            plain,
            lambda n: f"fragment F{n} on Credit{{id status completedAt countsFrom countsUntil}}",
            most=60,
        ),
        "one field with equal lists of 250": filled(unused, lambda _: f"a(b:[{'1 ' * 250}])", "}", most=7),
        "one field with lists of variables": filled(unused, lambda _: f"a(b:[{'$v ' * 100}])", "}", most=9),
        "one field with the keys of an object in another order": filled(
            unused, lambda n: "a(b:{" + "".join(f"k{(m + n) % 12}:1 " for m in range(12)) + "})", "}", most=40
        ),
        "a fragment 150 deep": unused + nested(150, field="viewer") + "}",
        "three fields 100 deep": unused + nested(100, field="viewer") * 3 + "}",
        "three inline fragments 120 deep": unused + nested(120, field="...") * 3 + "}",
        "95 inline fragments": "{viewer{member{" + "...on Member{id}" * 95 + "}}}",
    }


def _of_tokens() -> Mapping[str, str]:
    half = SIZE // 2 - 10
    return {
        "short names": filled("{", lambda _: "a ", "}"),
        "punctuators": "{" + "!" * (SIZE - 2) + "}",
        "spreads without names": "{" + "..." * (SIZE // 3 - 2) + "}",
        "commas": "{" + "," * (SIZE - 4) + "a}",
        "comments": "#\n" * half + "{a}",
        "one comment": "#" * (SIZE - 10) + "\n{a}",
        "one name": "{" + "a" * (SIZE - 2) + "}",
        "braces": "{" * half + "}" * half,
        "nested fields": nested(SIZE // 3 - 3),
        "nested inline fragments": "{" + "...{" * 1_900 + "a" + "}" * 1_900 + "}",
        "brackets": "{a(b:" + "[" * half + "]" * half + ")}",
        "nested objects": "{a(b:" + "{c:" * 2_400 + "1" + "}" * 2_400 + ")}",
        "nested types": "query($a:" + "[" * (half - 10) + "ID" + "]" * (half - 10) + "){a}",
        "no end": "{policy{" * (SIZE // 8),
        "characters that no token begins with": "{a" + "\x7f" * (SIZE - 4) + "}",
    }


def _of_literals() -> Mapping[str, str]:
    input_ = "mutation{inviteMembers(input:"
    return {
        "a list of numbers": filled("{node(id:[", lambda _: "1 ", "]){id}}"),
        "a list of lists": filled("{node(id:[", lambda _: "[]", "]){id}}"),
        "an object of many fields": filled("{node(id:{", lambda n: f"a{n}:1 ", "}){id}}"),
        "an object of one field many times": filled("{node(id:{", lambda _: "a:1 ", "}){id}}"),
        "an input of many unknown fields": filled(input_ + "{", lambda n: f"a{n}:1 ", "}){__typename}}"),
        "an input of lists": filled(input_ + "{members:[", lambda _: "{a:1}", "]}){__typename}}"),
        "one string": '{node(id:"' + "a" * (SIZE - 20) + '"){id}}',
        "one string of escapes": '{node(id:"' + "\\u0041" * (SIZE // 6 - 4) + '"){id}}',
        "one string of long escapes": '{node(id:"' + "\\u{1F600}" * (SIZE // 9 - 4) + '"){id}}',
        "one block string": '{node(id:"""' + " \n" * (SIZE // 2 - 20) + '"""){id}}',
        "one block string of quotes": '{node(id:"""' + '\\"""' * (SIZE // 4 - 10) + '"""){id}}',
        "many strings": filled("{node(id:[", lambda _: '""', "]){id}}"),
        "one number": "{node(id:" + "9" * (SIZE - 20) + "){id}}",
        "one decimal number": "{node(id:1." + "9" * (SIZE - 30) + "e9){id}}",
        "many arguments": filled("{policy(", lambda n: f"a{n}:1 ", "){coolOffDays}}"),
        "one argument many times": filled("{policy(", lambda _: "a:1 ", "){coolOffDays}}"),
        "many variables": filled("query(", lambda n: f"$v{n}:ID ", "){policy{coolOffDays}}"),
        "one variable many times": filled("query(", lambda _: "$v:ID ", "){policy{coolOffDays}}"),
        "many variables that are used": filled("query(", lambda n: f"$v{n}:ID ", "){", size=6_000)
        + filled("node(id:[", lambda n: f"$v{n} ", "]){id}}", size=4_000),
        "variables with defaults": filled("query(", lambda n: f"$v{n}:[Int]=[1] ", "){policy{coolOffDays}}"),
        "undefined variables": filled("{node(id:[", lambda n: f"$v{n} ", "]){id}}"),
        "many directives": filled("{policy{coolOffDays ", lambda _: "@a ", "}}"),
        "many known directives": filled("{policy{coolOffDays ", lambda _: "@skip(if:true)", "}}"),
        "directives on the operation": filled("query ", lambda n: f"@a{n} ", "{policy{coolOffDays}}"),
        "a description": '"' + "a" * (SIZE - 40) + '" query A {policy{coolOffDays}}',
    }


def _of_selections() -> Mapping[str, str]:
    return {
        "unknown fields": filled("{", lambda n: f"a{n} ", "}"),
        "unknown fields below unknown ones": filled("{", lambda n: f"a{n}{{b}}", "}"),
        "380 unknown fields in an unused fragment": "{policy{coolOffDays}}"
        + filled("fragment F on Nothing{", lambda n: f"a{n} ", "}", most=380),
        "aliases": filled("{policy{", lambda n: f"a{n}:coolOffDays ", "}}"),
        "fields with arguments": filled("{", lambda n: f'node(id:"{n}"){{id}}', "}"),
        "root fields": filled("{", lambda _: "policy{coolOffDays}", "}"),
        "type names": filled("{policy{", lambda _: "__typename ", "}}"),
        "introspection": filled("{__schema{types{", lambda _: "name kind ", "}}}"),
        "introspection of lists": "{__schema{" + "types{fields{type{" * 6 + "name" + "}}}" * 6 + "}}",
        "as much as may be": filled(
            "{viewer{" + OBJECT,
            lambda _: "id status completedAt countsFrom countsUntil endReason ",
            CLOSED + "}}",
            most=80,
        ),
        "as much as may be, in inline fragments": filled(
            "{viewer{" + OBJECT, lambda _: "...on Credit{id status completedAt countsFrom} ", CLOSED + "}}", most=98
        ),
        "as much as may be, with arguments": filled(
            "{viewer{member{", lambda n: "credits(first:1 after:null filter:{statuses:[PENDING]}){totalCount}", "}}}"
        ),
    }


def _of_fragments() -> Mapping[str, str]:
    plain = "{policy{coolOffDays}}"
    return {
        "fragments that double": filled("{...F0}", lambda n: f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}"),
        "fragments that double, with fields": filled(
            "{...F0}", lambda n: f"fragment F{n} on Query{{viewer{{id}}...F{n + 1} ...F{n + 1}}}"
        ),
        "a chain of fragments": filled("{...F0}", lambda n: f"fragment F{n} on Query{{...F{n + 1}}}"),
        "a cycle of fragments": filled("{...F0}", lambda n: f"fragment F{n} on Query{{...F{(n + 1) % 240}}}", most=240),
        "many small cycles": filled(plain, lambda n: f"fragment F{n} on Query{{...F{n}}}"),
        "every fragment spreads all": filled(
            "{...F0}", lambda n: f"fragment F{n} on Query{{{' '.join(f'...F{m}' for m in range(20))}}}", most=21
        ),
        "every fragment spreads the later ones": "{...F0}"
        + "".join(
            f"fragment F{n} on Query{{{' '.join(f'...F{m}' for m in range(n + 1, 30))} viewer{{id}}}}"
            for n in range(30)
        ),
        "unused fragments": filled(plain, lambda n: f"fragment F{n} on Policy{{coolOffDays}}"),
        "one fragment many times": filled(plain, lambda _: "fragment F on Policy{coolOffDays}"),
        "unknown fragments": filled("{", lambda n: f"...F{n} ", "}"),
        "one fragment spread many times": filled("{", lambda _: "...F ", "}fragment F on Query{policy{coolOffDays}}"),
        "fragments of impossible types": filled("{", lambda _: "...on Credit{id}", "}"),
        "fragments of unknown types": filled("{", lambda n: f"...on A{n}{{id}}", "}"),
        "variables through fragments": "query($v:ID!){...F0}"
        + filled("", lambda n: f"fragment F{n} on Query{{node(id:$v){{id}}...F{n + 1}}}", size=SIZE - 30),
        "operations through fragments": filled("", lambda n: f"query Q{n}{{...F0}}", size=4_000)
        + filled("", lambda n: f"fragment F{n} on Query{{node(id:$v){{id}}...F{n + 1}}}", size=6_000),
    }


def _of_overlaps() -> Mapping[str, str]:
    unused = "{policy{coolOffDays}}fragment F on Policy{"
    return {
        "one field many times": filled("{policy{", lambda _: "coolOffDays ", "}}"),
        "one field 380 times": filled("{policy{", lambda _: "coolOffDays ", "}}", most=380),
        "one unknown field 380 times in a fragment": filled(unused, lambda _: "a ", "}", most=380),
        "one name for many fields": filled(unused, lambda n: f"a:x{n} ", "}"),
        "one name for 380 fields": filled(unused, lambda n: f"a:x{n} ", "}", most=380),
        "one field with other arguments": filled("{", lambda n: f'node(id:"{n}"){{id}}', "}", most=20),
        "one field with other arguments in a fragment": filled(
            "{policy{coolOffDays}}fragment F on Query{", lambda n: f'node(id:"{n}"){{id}}', "}", most=240
        ),
        "one field with equal large arguments": filled(
            "{policy{coolOffDays}}fragment F on Query{", lambda _: f"a(b:[{'1 ' * 60}])", "}", most=70
        ),
        "one field with large objects": filled(
            "{policy{coolOffDays}}fragment F on Query{",
            lambda n: "a(b:{" + "".join(f"k{(m + n) % 12}:1 " for m in range(12)) + "})",
            "}",
            most=100,
        ),
        "nested fields that merge": filled("{", lambda _: "viewer{member{credits{nodes{id}}}}", "}", most=20),
        "nested fields that merge in a fragment": filled(
            "{policy{coolOffDays}}fragment F on Query{", lambda _: nested(8, field="viewer"), "}", most=50
        ),
        "nested pairs": "{" + _pairs(8) + "}",
    }


def _of_overlapping_fragments() -> Mapping[str, str]:
    return {
        "fragments that overlap": filled(
            "{" + "".join(f"...F{n} " for n in range(60)) + "}",
            lambda n: f"fragment F{n} on Query{{viewer{{member{{id name}}}}policy{{coolOffDays}}}}",
            most=60,
        ),
        "fragments that overlap deep": filled(
            "{" + "".join(f"...F{n} " for n in range(30)) + "}",
            lambda n: f"fragment F{n} on Query{{viewer{{...G{n}}}}}fragment G{n} on Viewer{{member{{id name}}}}",
            most=30,
        ),
        "fragments that overlap through each other": filled(
            "{...F0 ...F1}",
            lambda n: f"fragment F{n} on Query{{viewer{{id member{{id}}}}...F{n + 1} ...F{n + 2}}}",
            most=70,
        ),
        "inline fragments that overlap": filled("{", lambda _: "...on Query{viewer{member{id}}}", "}", most=95),
        "inline fragments in a fragment": filled(
            "{policy{coolOffDays}}fragment F on Query{", lambda _: "...on Query{a}", "}", most=190
        ),
        "a field that spreads itself": filled(
            "{viewer{...F}}",
            lambda n: f"fragment F{n or ''} on Viewer{{a:member{{...F{n + 1}}}b:member{{...F{n + 1}}}}}",
        ),
    }


def _pairs(levels: int) -> str:
    return "a" if levels == 0 else f"x{{{_pairs(levels - 1)}}}x{{{_pairs(levels - 1)}}}"


def _of_operations() -> Mapping[str, str]:
    return {
        "many operations": filled("", lambda n: f"query Q{n}{{policy{{coolOffDays}}}}"),
        "operations of one name": filled("", lambda _: "query Q{policy{coolOffDays}}"),
        "operations without names": filled("", lambda _: "{a}"),
        "operations with variables": filled("", lambda n: f"query Q{n}($v:ID!){{node(id:$v){{id}}}}"),
        "subscriptions of many fields": filled("subscription{", lambda n: f'associationAttempt(id:"{n}"){{id}}', "}"),
        "definitions of types": filled("", lambda n: f"type T{n}{{a:ID}}"),
        "definitions of inputs": filled("", lambda n: f"input I{n}{{a:ID=1}}"),
        "definitions of directives": filled("", lambda n: f"directive @d{n} on FIELD "),
    }
