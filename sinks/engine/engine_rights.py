"""What the engine itself holds everybody to: a second wall, which is lower than the one in front of it.

Rules of this file:
- There is one user, whom nobody can log in as from outside. A handle takes the role that it is opened for.
  chdb knows no other user, and EXECUTE AS is off in it: who got SET ROLE past the first wall would have the
  owner's role.
- The function `file` needs no right of the engine's, in any role. Only `harmless_functions.txt` keeps it, and
  `SET ROLE`, from who reads.
- Nobody reaches other hosts or writes files by table functions, engines and dictionaries. By them files
  are read by the owner alone: without that right the engine's database `default` keeps no tables.
- A setting is here only if the engine was seen to honour it: a list of allowed hosts, for one, it does not.
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape


class Role(StrEnum):
    """What a handle may."""

    OWNER = "owner"
    """Everything, but no other hosts and no files to write to."""
    READER = "reader"
    """Selects from tables and views."""
    NOBODY = "nobody"
    """Nothing."""


GRANTS = {
    Role.OWNER: ("GRANT ALL ON *.*", "REVOKE SOURCES ON *.*", "GRANT READ ON FILE"),
    Role.READER: ("GRANT SELECT, SHOW ON *.*",),
    Role.NOBODY: (),
}
SETTINGS = {"allow_introspection_functions": 0}
_FILE = "rights.xml"


def write_rights(folder: Path) -> Path:
    """The file that the engine is started with; it is written anew at every start."""
    file = folder.with_name(f"{folder.name}.{_FILE}")
    file.write_text(_document(file), "utf-8")
    return file


def _document(file: Path) -> str:
    roles = "".join(f"<{role}>{_grants(GRANTS[role])}</{role}>" for role in Role)
    settings = "".join(f"<{name}>{value}</{name}>" for name, value in SETTINGS.items())
    fixed = "".join(f"<{name}><const/></{name}>" for name in SETTINGS)
    granted = _grants([f"GRANT {role}" for role in Role])
    return f"""\
<clickhouse>
    <user_directories><users_xml><path>{escape(str(file.absolute()))}</path></users_xml></user_directories>
    <profiles><default>{settings}<constraints>{fixed}</constraints></default></profiles>
    <quotas><default/></quotas>
    <roles>{roles}</roles>
    <users><default>
        <no_password/><networks><ip>::/0</ip></networks>
        <profile>default</profile><quota>default</quota>
        {granted}
    </default></users>
</clickhouse>
"""


def _grants(statements: Iterable[str]) -> str:
    queries = "".join(f"<query>{each}</query>" for each in statements)
    return f"<grants>{queries}</grants>" if queries else ""
