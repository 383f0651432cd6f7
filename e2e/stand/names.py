"""The names and credentials of the world that the example `churn` is written for."""

import hashlib

GITHUB = "github.com"
CONTAINERS = "ghcr.io"
STORE = "minio.acme.internal"
ARGOCD = "argocd.acme.internal"
SERVICE = "churn.ml.acme.internal"
TRACKING = "mlflow.acme.internal"
INSIDE = ("churn-predictor.ml-prod",)  # of the cluster, without TLS
HOSTS = (GITHUB, "api.github.com", CONTAINERS, STORE, ARGOCD, SERVICE, TRACKING, *INSIDE)

CODE = "acme/churn"
GITOPS = "acme/ml-gitops"
BUCKET = "acme-ml"
REGION = "eu-west-1"
IMAGE = f"{CONTAINERS}/acme/churn-transformer"
ACTOR = "ada"

# Throwaway secrets: nothing outside of a network namespace ever sees them.
SECRETS = {
    "MLFLOW_PASSWORD": "mlp-tracking-password",
    "S3_ACCESS_KEY": "mlp-access-key",
    "S3_SECRET_KEY": "mlp-secret-key-of-the-store",
    "ARGOCD_TOKEN": "argocd-token-of-the-pipeline",
    "GITOPS_APP_KEY": "private-key-of-the-app",
    "GITHUB_TOKEN": "ghs_token_of_the_run",
}
VARIABLES = {"MLFLOW_URI": f"https://{TRACKING}", "GITOPS_APP_ID": "12345"}
MLFLOW_USER = "mlp"
MLFLOW_ADMIN = ("admin", "admin-of-the-tracking-server")


def app_token(right: str, key: str = SECRETS["GITOPS_APP_KEY"]) -> str:
    """The token that the stand's create-github-app-token makes."""
    return f"ghs_{right}_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
