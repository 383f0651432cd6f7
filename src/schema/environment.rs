//! Environments: where a release goes.

use super::{Block, Ty, default, inferred, optional, required};

/// An environment.
pub static ENVIRONMENT: Block = Block {
    name: "environment",
    doc: "Where a release goes. Its name is that of the GitHub environment which guards the deploy.",
    attrs: &[
        required("namespace", Ty::String, "The Kubernetes namespace."),
        default("approval", Ty::Bool, "false", "Whether a person approves each deploy; who may, is set in the repository's settings."),
        inferred("endpoint", Ty::Text, "the address that the live InferenceService states", "Base URL of the model for smoke tests."),
        optional("host", Ty::String, "`Host` header for the endpoint."),
        optional("token", Ty::Secret, "Bearer token for the endpoint."),
        inferred(
            "alias",
            Ty::String,
            "the champion's alias for the last environment, the environment's name for earlier ones",
            "Alias in the model registry that follows what is live here.",
        ),
        inferred(
            "service_account",
            Ty::String,
            "an account that mlp emits",
            "Kubernetes service account whose secret lets KServe read the model store.",
        ),
    ],
    statements: &[],
};
