"""Write events.xml: Sysmon network connections, one of each kind that the detection has to tell apart."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon' Guid='{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}'/>"
    "<EventID>3</EventID><Version>5</Version><Level>4</Level><Task>3</Task><Opcode>0</Opcode>"
    "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2026-01-12T09:{minute:02}:00.000000000Z'/>"
    "<EventRecordID>{record}</EventRecordID><Correlation/><Execution ProcessID='2104' ThreadID='3320'/>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws-{computer:02}.example.org</Computer>"
    "<Security UserID='S-1-5-18'/></System><EventData><Data Name='RuleName'>-</Data>"
    "<Data Name='UtcTime'>2026-01-12 09:{minute:02}:00.000</Data>"
    "<Data Name='ProcessGuid'>{{a1b2c3d4-0000-6784-{record:04}-000000000500}}</Data>"
    "<Data Name='ProcessId'>{pid}</Data><Data Name='Image'>{image}</Data><Data Name='User'>{user}</Data>"
    "<Data Name='Protocol'>tcp</Data><Data Name='Initiated'>true</Data><Data Name='SourceIsIpv6'>false</Data>"
    "<Data Name='SourceIp'>10.1.0.{computer}</Data><Data Name='SourceHostname'>ws-{computer:02}.example.org</Data>"
    "<Data Name='SourcePort'>{port}</Data><Data Name='SourcePortName'>-</Data>"
    "<Data Name='DestinationIsIpv6'>false</Data><Data Name='DestinationIp'>{ip}</Data>"
    "<Data Name='DestinationHostname'>-</Data><Data Name='DestinationPort'>443</Data>"
    "<Data Name='DestinationPortName'>https</Data></EventData></Event>"
)
REGSVCS = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\regsvcs.exe"
UPPER = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\RegSvcs.exe"
ALICE = r"EXAMPLE\alice"

CONNECTIONS = (
    # image, user, destination: what it shows
    (REGSVCS, ALICE, "8.8.4.4"),  # a public address: found
    (UPPER, ALICE, "8.8.4.4"),  # the same, written differently: found
    (REGSVCS, r"EXAMPLE\bob", "172.32.0.1"),  # just outside 172.16.0.0/12: found
    (REGSVCS, r"EXAMPLE\bob", "172.31.255.255"),  # just inside: not found
    (REGSVCS, ALICE, "100.128.0.0"),  # just outside 100.64.0.0/10: found
    (REGSVCS, ALICE, "100.127.255.255"),  # just inside: not found
    (REGSVCS, ALICE, "192.168.0.10"),  # private: not found
    (REGSVCS, ALICE, "223.255.255.255"),  # just below the multicast block: found
    (REGSVCS, ALICE, "224.0.0.1"),  # multicast: not found
    (REGSVCS, "-", "8.8.4.4"),  # no user: matches, but stats drops the row, as Splunk does
    (r"C:\Windows\System32\svchost.exe", r"NT AUTHORITY\SYSTEM", "8.8.4.4"),  # another process: not found
    (r"C:\Temp\regsvcs.exe.bak", ALICE, "8.8.4.4"),  # another name that begins alike: not found
    (r"C:\Program Files\Browser\browser.exe", r"EXAMPLE\bob", "93.184.216.34"),  # another process: not found
)


def events() -> list[str]:
    """Return the events, one a line."""
    return [
        TEMPLATE.format(
            image=image,
            user=user,
            ip=ip,
            record=number,
            minute=number,
            computer=number % 4 + 10,
            pid=4000 + number,
            port=50000 + number,
        )
        for number, (image, user, ip) in enumerate(CONNECTIONS, 1)
    ]


if __name__ == "__main__":
    Path(__file__).with_name("events.xml").write_text("\n".join(events()) + "\n", encoding="utf-8", newline="\n")
