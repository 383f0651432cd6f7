//! The rules, one module each: what it checks in the `.rs`, what it means in the `.md` beside it.

use super::Rule;

macro_rules! rules {
    ($($name:ident),* $(,)?) => {
        $(pub(super) mod $name;)*
        /// All rules, by code.
        pub static RULES: &[&Rule] = &[$(&$name::RULE),*];
    };
}

rules![
    missing_equals,
    ungated_deploy,
    same_path,
    sibling_reference,
    lonely_branch,
    could_be_parallel,
    no_such_output,
    missing_file,
    unversioned_data,
    outside_repository,
    secret_in_string,
    unpinned_action,
    credential_literal,
    fork_secrets,
    wide_permission,
    no_rollback,
    rollback_fights_sync,
    image_by_tag,
    shared_release_path,
    no_smoke_test,
    no_deadline,
    duplicate_pipeline,
    canary_unsupported,
    name_too_long,
    gitops_and_manifest,
    protocol_not_served,
    latency_without_request,
    cron,
    self_trigger,
    overlapping_runs,
    too_many_inputs,
    no_timeout,
    critical_path,
    whole_minutes,
    naming,
    unused_suppression,
    formatting,
];
