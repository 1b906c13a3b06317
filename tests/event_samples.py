"""Events as text, which several test modules read."""

from __future__ import annotations

SYSMON = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>"
    "<TimeCreated SystemTime='2024-05-06T07:08:09.1234567Z'/><EventRecordID>7</EventRecordID>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1.example.org</Computer></System>"
    "<EventData><Data Name='CommandLine'>cmd /c \"echo &lt;a&gt;\"</Data></EventData></Event>"
)
SECURITY = SYSMON.replace("Microsoft-Windows-Sysmon/Operational", "Security").replace("<EventID>1<", "<EventID>4688<")
SYSMON_SOURCE = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
SYSMON_TIME = 1714979289.123457
PRETTY = (
    '<?xml version="1.0" encoding="utf-8"?>\n<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">\n'
    '  <System>\n    <Provider Name="P\'s"></Provider>\n    <EventID>1</EventID>\n'
    '    <TimeCreated SystemTime="2024-05-06 07:08:09.123456 UTC">\n    </TimeCreated>\n'
    "    <Channel>Application</Channel>\n    <Computer>ws1</Computer>\n  </System>\n  <EventData>\n"
    '    <Data Name="a">x  y\nz</Data>\n    <Data Name="b"> </Data>\n  </EventData>\n</Event>\n'
)
CLASSIC = (
    "05/06/2024 07:08:09 PM\nLogName=Security\nSourceName=Microsoft Windows security auditing.\nEventCode=4624\n"
    "ComputerName=dc1.example.org\nMessage=An account was logged on.\n\nSubject:\n\tSecurity ID:\t\tS-1-5-18\n"
)
CLASSIC_TIME = 1715022489.0
