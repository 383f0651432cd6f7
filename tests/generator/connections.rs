//! Connections, secrets, variables and parameters, in the pipeline's file or in one that it imports.

use std::collections::BTreeSet;

use mlp::schema;

use super::flow::Author;
use super::text::quote;
use super::write::block;

/// What one file declares.
#[derive(Default)]
pub struct Declarations {
    pub secrets: BTreeSet<String>,
    pub vars: BTreeSet<String>,
    pub params: Vec<String>,
    pub connections: Vec<String>,
    pub names: Vec<String>,
}

/// Kind and name, in an order in which each stands above those that refer to it.
const KINDS: &[(&str, &str)] = &[
    ("mlflow", "tracking"),
    ("s3", "store"),
    ("dvc", "datasets"),
    ("container_registry", "images"),
    ("git", "manifests"),
    ("argocd", "argo"),
    ("kserve", "serving"),
];

impl Author {
    /// Declares some connections, or all, or none.
    pub fn declare_connections(&mut self) {
        let share = if self.open { 100 } else { self.choices.pick(&[0, 50, 100, 100]) };
        for (kind, name) in KINDS {
            let possible = *kind != "dvc" || self.connection("s3").is_some();
            if possible && self.choices.chance(share) {
                let attrs = self.connection_attrs(kind);
                let narrow = self.narrow();
                let text = block(&format!("connection {name}: {kind}"), &attrs, narrow);
                self.here().connections.push(text);
                self.here().names.push((*name).to_owned());
                self.connections.push((*kind, (*name).to_owned()));
            }
        }
    }

    fn connection_attrs(&mut self, kind: &str) -> Vec<String> {
        let schema = schema::find(schema::CONNECTIONS, kind).unwrap();
        match kind {
            // An App token pushed to this very repository would start the pipeline again.
            "git" if self.choices.chance(40) => self.attrs(schema, &[], &["repository", "app_id", "app_key"]),
            "git" => {
                let app = [("repository", quote("acme/ml-gitops")), ("app_id", quote("Iv1.0a")), ("app_key", self.secret())];
                self.attrs(schema, &app, &[])
            }
            "mlflow" | "s3" if self.open => self.attrs(schema, &[], &["password", "token", "access_key", "secret_key"]),
            _ => self.attrs(schema, &[], &[]),
        }
    }

    /// The name of a declared connection.
    pub fn connection(&self, kind: &str) -> Option<String> {
        self.connections.iter().find(|(of, _)| *of == kind).map(|(_, name)| name.clone())
    }

    pub fn here(&mut self) -> &mut Declarations {
        if self.in_platform { &mut self.platform } else { &mut self.root }
    }

    pub fn secret(&mut self) -> String {
        let name = self.choices.pick(&["TOKEN", "S3_KEY", "on", "Password_1"]);
        let name = if self.in_platform { format!("P_{name}") } else { name.to_owned() };
        self.here().secrets.insert(name.clone());
        format!("secret.{name}")
    }

    pub fn var(&mut self) -> String {
        let name = self.choices.pick(&["ADDRESS", "y", "Region_1"]);
        let name = if self.in_platform { format!("P_{name}") } else { name.to_owned() };
        self.here().vars.insert(name.clone());
        format!("var.{name}")
    }

    /// A parameter that is the same in every run.
    pub fn shared_param(&mut self, name: &str) -> String {
        let value = if name == "pool" { "string = \"gpu-a100\"" } else { "duration = 45min" };
        let text = format!("param {name}: {value}");
        if !self.root.params.contains(&text) {
            self.root.params.push(text);
        }
        format!("param.{name}")
    }

    /// A parameter for an environment variable, fed by a manual run or not.
    pub fn param(&mut self) -> String {
        let (name, ty) = self.choices.pick(&[("rows", "int"), ("rate", "float"), ("full", "bool"), ("note", "string"), ("yes", "string")]);
        if !self.params.iter().any(|(known, _)| *known == name) {
            let value = self.scalar(ty);
            self.root.params.push(format!("param {name}: {ty} = {value}"));
            self.params.push((name, ty));
        }
        format!("param.{name}")
    }

    /// A value of a parameter or input.
    pub fn scalar(&mut self, ty: &str) -> String {
        match ty {
            "int" => self.choices.pick(&["0", "1_000", "-7"]).to_owned(),
            "float" => self.choices.pick(&["0.5", "1", "1000000.25"]).to_owned(),
            "bool" => self.choices.pick(&["false", "true"]).to_owned(),
            _ => quote(&self.text()),
        }
    }
}

impl Declarations {
    /// The declarations as text.
    pub fn text(&self) -> String {
        let words = |keyword: &str, names: &BTreeSet<String>| names.iter().map(|name| format!("{keyword} {name}\n")).collect::<String>();
        let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
        format!("{}{}{}{}", words("secret", &self.secrets), words("var", &self.vars), lines(&self.params), lines(&self.connections))
    }
}
