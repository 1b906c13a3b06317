"""Write the data of the notebooks: a day of Windows events with an intrusion in it, a VPN's log, a small archive.

Everything is made up, and the same each time: people and hosts that do not exist, addresses of the blocks that are set
aside for documents.
"""

from __future__ import annotations

import gzip
import random
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2026, 3, 2, 6, 0, tzinfo=timezone.utc)
HOSTS = [f"ws-{number:02}.corp.example" for number in range(1, 7)]
USERS = ["alice", "bob", "carol", "dave", "erin", "frank"]
SYSTEM32 = "C:\\Windows\\System32\\"
POWERSHELL = SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon' Guid='{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}'/>"
    "<EventID>{id}</EventID><Version>5</Version><Level>4</Level><Task>{id}</Task><Opcode>0</Opcode>"
    "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{time}'/><EventRecordID>{record}</EventRecordID>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>{host}</Computer>"
    "<Security UserID='S-1-5-18'/></System><EventData>{data}</EventData></Event>"
)
ORDINARY = (
    # image, command line, parent
    (OFFICE + "OUTLOOK.EXE", "OUTLOOK.EXE", "C:\\Windows\\explorer.exe"),
    (OFFICE + "EXCEL.EXE", "EXCEL.EXE budget.xlsx", "C:\\Windows\\explorer.exe"),
    ("C:\\Program Files\\Browser\\browser.exe", "browser.exe", "C:\\Windows\\explorer.exe"),
    (SYSTEM32 + "svchost.exe", "svchost.exe -k netsvcs -p", SYSTEM32 + "services.exe"),
    (SYSTEM32 + "taskhostw.exe", "taskhostw.exe", SYSTEM32 + "svchost.exe"),
    (POWERSHELL, "powershell.exe -File C:\\Scripts\\inventory.ps1", SYSTEM32 + "svchost.exe"),
    (SYSTEM32 + "ipconfig.exe", "ipconfig /all", SYSTEM32 + "cmd.exe"),
)
ATTACK = (
    # minutes after the mail was opened, image, command line, parent
    (0, OFFICE + "WINWORD.EXE", 'WINWORD.EXE "invoice 4711.docm"', OFFICE + "OUTLOOK.EXE"),
    (1, POWERSHELL, "powershell.exe -NoP -W Hidden -enc SQBFAFgAIAAkAGUAbgB2ADoAWAA7AA==", OFFICE + "WINWORD.EXE"),
    (3, SYSTEM32 + "whoami.exe", "whoami /all", POWERSHELL),
    (3, SYSTEM32 + "net.exe", 'net group "Domain Admins" /domain', POWERSHELL),
    (4, SYSTEM32 + "nltest.exe", "nltest /dclist:corp.example", POWERSHELL),
    (6, SYSTEM32 + "rundll32.exe", "rundll32.exe C:\\Users\\Public\\upd.dll,Start", POWERSHELL),
    (9, SYSTEM32 + "schtasks.exe", "schtasks /create /tn Update /tr C:\\Users\\Public\\upd.exe /sc minute", POWERSHELL),
    (15, SYSTEM32 + "wbem\\WMIC.exe", "wmic /node:ws-05 process call create cmd.exe", POWERSHELL),
)


def dice(seed: int) -> random.Random:
    """Chance that falls the same each time."""
    return random.Random(seed)  # noqa: S311 - made-up data, no secrets


def windows_events(seed: int = 1) -> list[str]:
    """A day of Sysmon's process and network events, one a line; the intrusion is on ws-03."""
    chance = dice(seed)
    rows: list[tuple[datetime, int, str, str, dict[str, str]]] = []
    for _ in range(150):
        image, command, parent = chance.choice(ORDINARY)
        at = chance.randrange(len(HOSTS))
        rows.append(
            (
                START + timedelta(seconds=chance.randrange(36_000)),
                1,
                HOSTS[at],
                USERS[at],
                {"Image": image, "CommandLine": command, "ParentImage": parent},
            )
        )
    for _ in range(60):
        at, address = chance.randrange(len(HOSTS)), f"198.51.100.{chance.randrange(1, 60)}"
        data = {"Image": "C:\\Program Files\\Browser\\browser.exe", "DestinationIp": address}
        rows.append((START + timedelta(seconds=chance.randrange(36_000)), 3, HOSTS[at], USERS[at], data))
    opened = START + timedelta(hours=3, minutes=12)
    for minutes, image, command, parent in ATTACK:
        data = {"Image": image, "CommandLine": command, "ParentImage": parent}
        rows.append((opened + timedelta(minutes=minutes, seconds=7), 1, HOSTS[2], "carol", data))
    for beat in range(40):
        data = {"Image": SYSTEM32 + "rundll32.exe", "DestinationIp": "203.0.113.66"}
        rows.append((opened + timedelta(minutes=7 + 5 * beat, seconds=chance.randrange(4)), 3, HOSTS[2], "carol", data))
    return [_event(number, *row) for number, row in enumerate(sorted(rows, key=_when), 1)]


def _when(row: tuple[datetime, int, str, str, dict[str, str]]) -> datetime:
    return row[0]


def _event(number: int, time: datetime, kind: int, host: str, user: str, own: dict[str, str]) -> str:
    fields = {
        "RuleName": "-",
        "UtcTime": time.strftime("%Y-%m-%d %H:%M:%S.000"),
        "ProcessId": str(1000 + number),
        "ProcessGuid": f"{{a1b2c3d4-0000-0000-0000-{number:012}}}",
        "User": f"CORP\\{user}",
        **own,
    }
    if kind == 3:
        fields |= {
            "Protocol": "tcp",
            "Initiated": "true",
            "SourceIp": f"10.0.0.{HOSTS.index(host) + 10}",
            "SourcePort": str(40_000 + number),
            "DestinationPort": "443",
        }
    data = "".join(f"<Data Name='{name}'>{_escaped(value)}</Data>" for name, value in fields.items())
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
    return EVENT.format(id=kind, time=stamp, record=number, host=host, data=data)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def vpn_lines(seed: int = 2) -> list[str]:
    """The log of a VPN gateway that no add-on knows; somebody tries passwords, and one fits."""
    chance = dice(seed)
    rows = []
    for _ in range(180):
        user, verdict = chance.choice(USERS), "ok" if chance.random() < 0.93 else "denied"
        rows.append((chance.randrange(43_200), user, f"198.51.100.{chance.randrange(1, 40)}", verdict))
    for attempt in range(45):
        user = USERS[attempt % len(USERS)]
        rows.append((20_000 + 40 * attempt, user, "203.0.113.9", "ok" if attempt == 43 else "denied"))
    lines = []
    for number, (second, user, address, verdict) in enumerate(sorted(rows)):
        time = (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(
            f'{time} gw{number % 2 + 1} vpnd[311]: login who="{user}" peer={address} factor=totp verdict={verdict} '
            f"sid={number + 7000}"
        )
    return lines


def ssh_lines(day: int, seed: int) -> list[str]:
    """A day of a Linux server's authentication log."""
    chance = dice(seed)
    rows = []
    for _ in range(250):
        user, address = chance.choice(USERS), f"10.0.0.{chance.randrange(10, 16)}"
        rows.append((chance.randrange(86_400), f"Accepted publickey for {user} from {address}"))
    for _ in range(120 if day == 3 else 10):
        name, address = chance.choice(["root", "admin", "oracle", "test"]), f"203.0.113.{chance.randrange(5, 9)}"
        rows.append((chance.randrange(86_400), f"Failed password for invalid user {name} from {address}"))
    lines = []
    for second, what in sorted(rows):
        time = (datetime(2026, 3, day, tzinfo=timezone.utc) + timedelta(seconds=second)).strftime("%b %d %H:%M:%S")
        lines.append(f"{time} srv-1 sshd[{1000 + second % 900}]: {what} port {1024 + second % 60_000} ssh2")
    return lines


def write(folder: Path) -> None:
    """Write all files below a folder."""
    archive = folder / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    windows = "\n".join(windows_events()) + "\n"
    _put(folder / "windows.xml", windows.encode())
    _put(folder / "vpn.log", ("\n".join(vpn_lines()) + "\n").encode())
    for day in (1, 2, 3):
        text = "\n".join(ssh_lines(day, 10 + day)) + "\n"
        _put(archive / f"secure-2026-03-0{day}.log.gz", gzip.compress(text.encode(), mtime=0))
    with zipfile.ZipFile(archive / "windows.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("ws/sysmon.xml", (2026, 3, 2, 0, 0, 0)), windows, zipfile.ZIP_DEFLATED)


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


if __name__ == "__main__":
    write(Path(__file__).resolve().parent / "data")
