"""The same cases on a real Splunk: who is right is measured there.

`questions` reads cases of either format, `sending` puts their events into what Splunk is asked, `server` asks it,
`compare` shows what differs, `verifier` does all of it for one case after the other, `record` writes what Splunk
answered as measured cases.
"""
