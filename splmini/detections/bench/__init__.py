"""The rule author's bench, `splmini.bench`: run, measure and mutate the tests of files of detections and cases.

    import splmini

    bench = splmini.bench.Bench(attack_data="attack_data", coverage=True)
    for file in splmini.bench.find_tests(["detections"]):
        for verdict in bench.run(file).verdicts:
            print(verdict.status, verdict.name, verdict.reason)
    print(bench.mutate("detections/my_rule.yml"))

It is what the commands `test`, `mutate`, `sweep`, `sigma` and `verify` and the pytest plugin stand on.
"""

from splmini.detections.bench.affected import touches, uses
from splmini.detections.bench.cases import Case, CaseResult, load_cases
from splmini.detections.bench.coverage import Coverage, Point, measure
from splmini.detections.bench.coverage_html import to_html as coverage_html
from splmini.detections.bench.download import Downloader, Fetched, downloader, prefetch
from splmini.detections.bench.files import (
    case_files_of,
    detection_in,
    find_tests,
    has_tests,
    is_case_file,
    is_definition,
    missing_attack_data,
)
from splmini.detections.bench.inputs import Logs
from splmini.detections.bench.mutants import Mutant, mutants
from splmini.detections.bench.mutate import MutationReport
from splmini.detections.bench.runner import Bench, FileReport, Verdict
from splmini.detections.content import is_content, repository_of, repository_settings
from splmini.detections.sigma import SigmaSearch, sigma_searches
from splmini.detections.verify.questions import CONFIDENCES, Question, find_questions, load_questions
from splmini.detections.verify.record import measured_cases, write_measured
from splmini.detections.verify.server import Answer, Splunk
from splmini.detections.verify.verifier import Verification, Verifier

__all__ = [
    "CONFIDENCES",
    "Answer",
    "Bench",
    "Case",
    "CaseResult",
    "Coverage",
    "Downloader",
    "Fetched",
    "FileReport",
    "Logs",
    "Mutant",
    "MutationReport",
    "Point",
    "Question",
    "SigmaSearch",
    "Splunk",
    "Verdict",
    "Verification",
    "Verifier",
    "case_files_of",
    "coverage_html",
    "detection_in",
    "downloader",
    "find_questions",
    "find_tests",
    "has_tests",
    "is_case_file",
    "is_content",
    "is_definition",
    "load_cases",
    "load_questions",
    "measure",
    "measured_cases",
    "missing_attack_data",
    "mutants",
    "prefetch",
    "repository_of",
    "repository_settings",
    "sigma_searches",
    "touches",
    "uses",
    "write_measured",
]
