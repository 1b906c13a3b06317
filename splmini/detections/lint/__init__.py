"""The linter of searches, detections and repositories of them."""
