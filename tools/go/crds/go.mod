// Pins the modules whose CRDs are checked against: see tools/install.
module mlp/tools/crds

go 1.26

require (
	github.com/argoproj/argo-cd/v3 v3.5.1
	github.com/kserve/kserve v0.20.0
)
