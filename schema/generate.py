#!/usr/bin/env python3
"""Make ext/wire.pxd, client/openbell/wire.py and docs/wire.md from schema/wire.toml.

python schema/generate.py            write them
python schema/generate.py --check    exit 1 and name the file when one is not up to date
"""

import argparse
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
C_TYPES = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "i64": "int64_t",
}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8}
HEAD = "Made by schema/generate.py from schema/wire.toml: edit those, not this."


def size_of(kind: str) -> int:
    """Bytes of a field type such as "u32" or "s32"."""
    return int(kind[1:]) if kind[0] == "s" else SIZES[kind]


def check_sizes(schema: dict[str, Any]) -> None:
    """Raise ValueError when a struct's fields do not add up to its stated size."""
    for name, struct in schema["struct"].items():
        total = sum(size_of(kind) for _, kind, _ in struct["fields"])
        if total != struct["size"]:
            raise ValueError(f"struct {name}: fields have {total} bytes, size says {struct['size']}")


def constant_case(name: str) -> str:
    """OrderType -> ORDER_TYPE."""
    return "".join(("_" + c if c.isupper() and i else c) for i, c in enumerate(name)).upper()


def make_pxd(schema: dict[str, Any]) -> str:
    """The core's header: packed structs and enum constants (ORDER_TYPE_LIMIT, ...)."""
    lines = [f"# {HEAD}", "", "from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t", ""]
    lines.append("cdef extern from *:")
    lines.append('    """')
    for name, constant in schema["constant"].items():
        suffix = "U" if constant["value"] == 0xFFFFFFFF else "LL"
        lines.append(f"    #define WIRE_{name} ({constant['value']}{suffix})")
    lines.append('    """')
    for name, constant in schema["constant"].items():
        kind = "uint32_t" if constant["value"] == 0xFFFFFFFF else "int64_t"
        lines.append(f'    const {kind} {name} "WIRE_{name}"')
    lines.append("")
    for name, enum in schema["enum"].items():
        lines.append("cdef enum:")
        for value, number, _ in enum["values"]:
            lines.append(f"    {constant_case(name)}_{value} = {number}")
        lines.append("")
    for name, struct in schema["struct"].items():
        lines.append(f"cdef packed struct {name}:")
        for field, kind, _ in struct["fields"]:
            if kind[0] == "s":
                lines.append(f"    char {field}[{kind[1:]}]")
            else:
                lines.append(f"    {C_TYPES[kind]} {field}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def noted(code: str, note: str) -> list[str]:
    """A line of code with its comment: beside it where that fits into 120 columns, else above."""
    if not note:
        return [code]
    if len(code) + 2 + 2 + len(note) <= 120:
        return [f"{code}  # {note}"]
    indent = code[: len(code) - len(code.lstrip())]
    return [f"{indent}# {note}", code]


def text_item(key: str, text: str) -> list[str]:
    """An item of a dict of texts, in as many lines as 120 columns ask for."""
    line = f'    {key}: "{text}",'
    if len(line) <= 120:
        return [line]
    parts = textwrap.wrap(text, 109)
    parts[:-1] = [f"{part} " for part in parts[:-1]]
    return [f"    {key}: (", *(f'        "{part}"' for part in parts), "    ),"]


def make_python(schema: dict[str, Any]) -> str:
    """The SDK's module: IntEnums and NumPy dtypes."""
    lines = [f'"""Wire formats: record dtypes and enums. {HEAD}"""', ""]
    lines += ["from enum import IntEnum, IntFlag", "from typing import Final", "", "import numpy as np", ""]
    lines.append(f"VERSION: Final = {schema['version']}")
    for name, constant in schema["constant"].items():
        lines += noted(f"{name}: Final = {constant['value']}", constant["doc"])
    for name, enum in schema["enum"].items():
        base = "IntFlag" if name.endswith("Flag") else "IntEnum"
        lines += ["", "", f"class {name}({base}):", f'    """{enum["doc"]}"""', ""]
        is_told = enum.get("texts", False)  # programs show what is said of its values
        for value, number, doc in enum["values"]:
            lines += noted(f"    {value} = {number}", "" if is_told else doc)
        if is_told:
            lines += ["", "", f"{constant_case(name)}_TEXTS: Final = {{"]
            for value, _, doc in enum["values"]:
                lines += text_item(f"{name}.{value}", doc)
            lines.append("}")
    lines += ["", ""]
    for name, struct in schema["struct"].items():
        lines.append(f"# {struct['doc']}")
        lines.append(f"{constant_case(name)}: Final = np.dtype(")
        lines.append("    [")
        for field, kind, doc in struct["fields"]:
            code = f"S{kind[1:]}" if kind[0] == "s" else f"<{kind[0]}{SIZES[kind]}" if SIZES[kind] > 1 else "u1"
            lines += noted(f'        ("{field}", "{code}"),', doc)
        lines += ["    ]", ")"]
    return "\n".join(lines) + "\n"


def make_markdown(schema: dict[str, Any]) -> str:
    """The tables for people."""
    lines = ["# Wire formats", "", f"<!-- {HEAD} -->", "", "Little endian, packed, no implicit padding.", ""]
    lines += ["## Records", ""]
    for name, struct in schema["struct"].items():
        lines += [f"### {name} ({struct['size']} bytes)", "", struct["doc"], "", "| offset | type | field | meaning |"]
        lines.append("|---|---|---|---|")
        offset = 0
        for field, kind, doc in struct["fields"]:
            lines.append(f"| {offset} | {kind} | {field} | {doc} |")
            offset += size_of(kind)
        lines.append("")
    lines += ["## Enums", ""]
    for name, enum in schema["enum"].items():
        lines += [f"### {name} ({enum['type']})", "", enum["doc"], "", "| value | name | meaning |", "|---|---|---|"]
        lines += [f"| {number} | {value} | {doc} |" for value, number, doc in enum["values"]]
        lines.append("")
    lines += ["## Constants", "", "| name | value | meaning |", "|---|---|---|"]
    lines += [f"| {name} | {c['value']} | {c['doc']} |" for name, c in schema["constant"].items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the three files, or with --check compare them."""
    parser = argparse.ArgumentParser(description="Make the wire formats' files from schema/wire.toml.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is stale")
    check = parser.parse_args().check
    schema = tomllib.loads((ROOT / "schema" / "wire.toml").read_text())
    check_sizes(schema)
    made = {
        "ext/wire.pxd": make_pxd(schema),
        "client/openbell/wire.py": make_python(schema),
        "docs/wire.md": make_markdown(schema),
    }
    stale = []
    for name, text in made.items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    for name in stale:
        print(f"{name}: {'is not what schema/wire.toml says; run python schema/generate.py' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
