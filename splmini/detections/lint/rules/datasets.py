"""SPL006: data models and datasets that there are not."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.errors import did_you_mean


@rule(
    "SPL006",
    "unknown-dataset",
    "A data model or dataset that nobody defines",
    severity="error",
    bad=(
        "| tstats count from datamodel=Endpoint.Procceses by Processes.user",
        "| from datamodel:Nothing.Here | stats count",
        "| datamodel Endpoint Procceses search",
    ),
    good=("| tstats count from datamodel=Endpoint.Processes by Processes.user", "| from datamodel:Web.Web"),
)
def unknown_dataset(subject: Subject) -> Iterator[Found]:
    """The environment has no data model or dataset of that name, so the search gives an error when it runs. One of your
    own is known where its app is given with `--apps`, or with `datamodels=` of the environment."""
    if subject.env is None:
        return
    models = subject.env.datamodels
    for command, spec in subject.commands():
        read = None if spec.dataset is None else spec.dataset(command)
        if read is not None and models.find(read[0]) is None:
            name, word = read
            fix = did_you_mean(name, models.names()) or did_you_mean(name.partition(".")[0], list(models))
            yield Found(f"There is no data model or dataset '{name}'.", word.span, fix, name)
