//! Codes of what is wrong with files as such: whether they can be read and written, and whether what stands there is what was built.
//!
//! Rules look at text that was read already and do no IO, so none of them could find these; the command line does. Their pages stand
//! beside this file, and [`super::codes`] lists them with the rules' own for `explain` and SARIF.

use crate::diagnostic::{Code, Severity};

/// A file is not text in UTF-8.
pub static NOT_UTF8: Code = Code { id: "MLP0001", name: "not-utf-8", severity: Severity::Error, docs: include_str!("not_utf_8.md") };
/// A file cannot be read.
pub static UNREADABLE: Code = Code { id: "MLP0002", name: "unreadable", severity: Severity::Error, docs: include_str!("unreadable.md") };
/// A build would overwrite a file that mlp did not write.
pub static FOREIGN_OUTPUT: Code =
    Code { id: "MLP0003", name: "foreign-output", severity: Severity::Error, docs: include_str!("foreign_output.md") };
/// A path leads out of the repository.
pub static OUTSIDE: Code =
    Code { id: "MLP0004", name: "path-outside-repository", severity: Severity::Error, docs: include_str!("path_outside_repository.md") };
/// Two pipelines compile to the same file with different content.
pub static CLAIMED_TWICE: Code =
    Code { id: "MLP0005", name: "claimed-twice", severity: Severity::Error, docs: include_str!("claimed_twice.md") };
/// A compiled file is not what its pipeline compiles to.
pub static DRIFT: Code = Code { id: "MLP0006", name: "output-drift", severity: Severity::Error, docs: include_str!("output_drift.md") };
/// A build was interrupted and has not been finished.
pub static INTERRUPTED: Code =
    Code { id: "MLP0007", name: "interrupted-build", severity: Severity::Error, docs: include_str!("interrupted_build.md") };
/// A file cannot be written.
pub static UNWRITABLE: Code = Code { id: "MLP0008", name: "unwritable", severity: Severity::Error, docs: include_str!("unwritable.md") };
/// No pipeline was found.
pub static NO_PIPELINES: Code =
    Code { id: "MLP0009", name: "no-pipelines", severity: Severity::Error, docs: include_str!("no_pipelines.md") };
/// `mlp.toml` or `mlp.lock` is not valid.
pub static SETTINGS: Code =
    Code { id: "MLP0010", name: "invalid-settings", severity: Severity::Error, docs: include_str!("invalid_settings.md") };
/// A pipeline without errors could not be compiled.
pub static NOT_COMPILED: Code =
    Code { id: "MLP0011", name: "not-compiled", severity: Severity::Error, docs: include_str!("not_compiled.md") };
/// A git server did not answer, or does not have what was asked for.
pub static NETWORK: Code = Code { id: "MLP0012", name: "no-answer", severity: Severity::Error, docs: include_str!("no_answer.md") };
/// A file could not be formatted.
pub static FORMATTER: Code =
    Code { id: "MLP0013", name: "not-formatted", severity: Severity::Error, docs: include_str!("not_formatted.md") };
/// A workflow does something that it must never do.
pub static DISPROVED: Code = Code { id: "MLP0014", name: "disproved", severity: Severity::Error, docs: include_str!("disproved.md") };
/// Something keeps the proof of a workflow from being one.
pub static UNPROVEN: Code = Code { id: "MLP0015", name: "unproven", severity: Severity::Error, docs: include_str!("unproven.md") };

/// All of them, by code.
pub static CODES: &[&Code] = &[
    &NOT_UTF8,
    &UNREADABLE,
    &FOREIGN_OUTPUT,
    &OUTSIDE,
    &CLAIMED_TWICE,
    &DRIFT,
    &INTERRUPTED,
    &UNWRITABLE,
    &NO_PIPELINES,
    &SETTINGS,
    &NOT_COMPILED,
    &NETWORK,
    &FORMATTER,
    &DISPROVED,
    &UNPROVEN,
];
