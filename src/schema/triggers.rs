//! Triggers: when a pipeline runs.

use super::{Block, Statement, Ty, default, inferred, optional, required};

/// Every kind of trigger.
pub static TRIGGERS: &[&Block] = &[&PUSH, &SCHEDULE, &TRIGGER_MANUAL, &PULL_REQUEST];

static PUSH: Block = Block {
    name: "push",
    doc: "On a push to these branches, if it touches these paths.",
    attrs: &[
        required("branches", Ty::List(&Ty::String), "Branch patterns."),
        optional("paths", Ty::List(&Ty::Glob), "Path patterns, relative to the file; without them, every push."),
    ],
    statements: &[],
};

static SCHEDULE: Block = Block {
    name: "schedule",
    doc: "On a schedule, on the default branch.",
    attrs: &[
        required("cron", Ty::String, "Five fields: minute, hour, day, month, weekday. At most every five minutes."),
        inferred("timezone", Ty::String, "UTC", "IANA name of the time zone."),
    ],
    statements: &[],
};

/// By hand.
pub static TRIGGER_MANUAL: Block = Block {
    name: "manual",
    doc: "By hand, from GitHub's page or API.",
    attrs: &[],
    statements: &[Statement {
        keyword: "input",
        form: "input rows: int = 1000",
        doc: "A value asked for; it feeds the `param` of the same name. At most 25.",
    }],
};

static PULL_REQUEST: Block = Block {
    name: "pull_request",
    doc: "On a pull request: a second, small workflow without secrets that checks the file and what was generated from it.",
    attrs: &[
        inferred("branches", Ty::List(&Ty::String), "every branch", "Target branches."),
        default(
            "until",
            Ty::Word(&["check", "gate"]),
            "check",
            "`check`: check and compare generated files only. `gate`: also run data, training and gate; nothing is released.",
        ),
    ],
    statements: &[],
};
