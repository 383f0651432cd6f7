//! Nothing to build: the manifest pins where the SARIF schema comes from.
