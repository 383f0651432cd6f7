"""A Kubernetes control plane, KServe's controller and Argo CD, each the real program, on loopback and without nodes."""
