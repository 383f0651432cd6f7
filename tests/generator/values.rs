//! Values of attributes: by name where a name says more than the type, else by type.

use mlp::schema::{Attr, Block, Need, Output, Ty};

use super::flow::Author;
use super::text::{awkward, file_stem, quote};
use super::write::{block, list, pair};

/// Labels of machines, GitHub's own first.
const RUNNERS: &[&str] = &["ubuntu-24.04", "ubuntu-22.04", "gpu-a100", "on-prem", "12:30:45", "team's #1 box"];
const HASH: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

impl Author {
    /// The attributes of a block: those in `given` as they are, none of `never`, of the others what must be written and some that may.
    pub fn attrs(&mut self, schema: &'static Block, given: &[(&str, String)], never: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for attr in schema.attrs.iter().filter(|attr| !never.contains(&attr.name)) {
            if self.open && attr.name == "gpu" {
                continue;
            }
            if let Some((_, value)) = given.iter().find(|(name, _)| *name == attr.name) {
                lines.push(pair(attr.name, value));
            } else if attr.need == Need::Required || self.choices.chance(if matches!(attr.ty, Ty::Word(_)) { 60 } else { 30 }) {
                let value = self.value(schema, attr);
                lines.push(pair(attr.name, &value));
            }
        }
        lines
    }

    fn value(&mut self, schema: &'static Block, attr: &Attr) -> String {
        match (schema.name, attr.name) {
            ("container_registry", "url") => self.quoted(&["ghcr.io/acme", "ghcr.io", "registry.acme.internal:5000/ml/team"]),
            ("git", "repository") => self.quoted(&["acme/ml-gitops", "acme/1_000"]),
            ("git", "branch") => self.quoted(&["main", "on", "1e3", "team/it's", "3.10"]),
            ("argocd", "namespace") | ("environment", "service_account") => self.quoted(&["argocd", "on", "n", "y2"]),
            ("environment", "namespace") | ("deploy", "name") => self.quoted(&["ml-dev", "on", "null", "y", "e1-2"]),
            ("kserve", "version") => self.quoted(&["0.20", "0.21", "0.16.1"]),
            ("schedule", "cron") => self.quoted(&["17 3 * * 1", "*/15 0-6 1,15 * *", "0 12 * * MON-FRI"]),
            ("schedule", "timezone") => self.quoted(&["Europe/Berlin", "America/Argentina/Buenos_Aires"]),
            ("push" | "pull_request", "branches") => {
                self.several(|author| author.quoted(&["main", "release/**", "v[0-9]+", "on", "feature/*-x", "3.10"]))
            }
            ("image", "name") => self.quoted(&["churn-transformer", "a/b.c_d", "0"]),
            ("image", "platform") => self.quoted(&["linux/amd64", "linux/amd64,linux/arm64"]),
            ("export", "format") => self.choices.pick(&["mlflow", "sklearn", "xgboost", "onnx", "huggingface", "sklearn"]).to_owned(),
            ("image", "context") => self.folder(),
            ("image", "dockerfile") => self.file("Dockerfile"),
            (_, "requirements") => self.requirements(),
            // Nobody else's code runs on machines of one's own.
            (_, "runner") if self.open => self.quoted(&["ubuntu-24.04", "ubuntu-22.04"]),
            (_, "runner") => {
                if self.choices.chance(20) {
                    self.shared_param("pool")
                } else {
                    self.quoted(RUNNERS)
                }
            }
            (_, "python") => self.quoted(&["3.12", "3.11", "3.13.1"]),
            (_, "retries") => self.choices.pick(&["0", "1", "5"]).to_owned(),
            (_, "gpu") => self.choices.pick(&["1", "8"]).to_owned(),
            (_, "within") => self.choices.pick(&["10min", "1h", "90s", "30min"]).to_owned(),
            ("gate", "timeout") => self.choices.pick(&["30min", "1h"]).to_owned(),
            (_, "timeout") if self.choices.chance(15) => self.shared_param("limit"),
            ("gate", "confidence") => self.choices.pick(&["95%", "99.9%", "51%"]).to_owned(),
            ("autoscale", "min") => self.choices.pick(&["1", "2"]).to_owned(),
            ("autoscale", "max") => self.choices.pick(&["2", "3", "10"]).to_owned(),
            ("gate" | "export", "alias" | "model") | ("environment", "alias") => quote(&self.text()),
            _ => self.of_type(attr.ty),
        }
    }

    /// A value of an attribute that the flow asks for by name.
    pub fn value_of(&mut self, block: &str, attr: &str) -> String {
        let schema = if block == "step" { &mlp::schema::STEP } else { mlp::schema::find(mlp::schema::STAGES, block).unwrap() };
        self.value(schema, schema.attr(attr).unwrap())
    }

    fn of_type(&mut self, ty: Ty) -> String {
        match ty {
            Ty::String => {
                if self.choices.chance(10) {
                    format!("{} + {}", quote(&self.text()), quote(&self.text()))
                } else {
                    quote(&self.text())
                }
            }
            Ty::Text => {
                if self.choices.chance(30) {
                    self.var()
                } else {
                    quote(&self.text())
                }
            }
            Ty::Path => self.file("schema.json"),
            Ty::Produced => self.produced(),
            Ty::Glob => self.quoted(&["src/**", "data/*.dvc", "//params.yaml", "a b/*.py", "!docs/**"]),
            Ty::Int => self.choices.pick(&["1", "10", "1_000"]).to_owned(),
            Ty::Float => self.choices.pick(&["0.5", "0.001", "1", "0.999_9", "2 * 0.25"]).to_owned(),
            Ty::Percent => self.choices.pick(&["80%", "5%", "12.5%", "100%"]).to_owned(),
            Ty::Duration => self.choices.pick(&["30min", "5min", "2h", "15min + 2 * 10min"]).to_owned(),
            Ty::Size => self.choices.pick(&["2Gi", "1536Mi", "10GB", "1.5Gi"]).to_owned(),
            Ty::Cpu => self.choices.pick(&["1cpu", "0.5cpu", "16cpu", "0.1cpu"]).to_owned(),
            Ty::Bool => self.choices.pick(&["false", "true", "not false", "false or true"]).to_owned(),
            Ty::Word(words) => self.choices.pick(words).to_owned(),
            Ty::Secret => self.secret(),
            Ty::Command => self.command(),
            Ty::Connection(kind) => self.connection(kind).unwrap_or_else(|| panic!("no connection of kind {kind}")),
            Ty::Dvc => self.dvc(),
            Ty::GitPath => self.git("path"),
            Ty::GitFile => self.git("file"),
            Ty::RegisteredModel => self.registered_model(),
            Ty::List(item) => self.several(|author| author.of_type(*item)),
            Ty::ImageRef => self.image_by_digest(),
            Ty::EnvValue => self.env_value(),
            Ty::Action => self.action(),
            Ty::Environment | Ty::Output(_) | Ty::Stages => panic!("the flow decides about {ty:?}"),
        }
    }

    pub fn text(&mut self) -> String {
        awkward(&mut self.choices)
    }

    fn quoted(&mut self, texts: &[&str]) -> String {
        quote(self.choices.pick(texts))
    }

    /// One to three of something, in brackets unless there is one.
    fn several(&mut self, one: impl Fn(&mut Self) -> String) -> String {
        let mut items: Vec<String> = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let item = one(self);
            if !items.contains(&item) {
                items.push(item);
            }
        }
        if items.len() == 1 && self.choices.chance(30) { items.remove(0) } else { list(&items) }
    }

    /// A file of the repository, relative to the pipeline's or, with `//`, to the root.
    pub fn file(&mut self, end: &str) -> String {
        let stem = file_stem(&mut self.choices);
        let folder = self.choices.pick(&["src/", "", "a b/"]);
        let name = if end.starts_with('.') { format!("{folder}{stem}{end}") } else { format!("{folder}{stem}/{end}") };
        self.place(&name)
    }

    /// Puts a file into the repository and gives its quoted path.
    fn place(&mut self, name: &str) -> String {
        let root = self.choices.chance(25);
        let folder = if root { "" } else { self.folder.as_str() };
        self.repository.files.insert(format!("{folder}{name}"), String::new());
        quote(&if root { format!("//{name}") } else { name.to_owned() })
    }

    fn folder(&mut self) -> String {
        let stem = file_stem(&mut self.choices);
        let path = self.place(&format!("images/{stem}/Dockerfile"));
        path.replace("/Dockerfile", self.choices.pick(&["/", ""]))
    }

    fn requirements(&mut self) -> String {
        let name = self.choices.pick(&["requirements.txt", "env/uv.lock", "reqs #2.txt"]);
        self.place(name)
    }

    fn produced(&mut self) -> String {
        let stem = file_stem(&mut self.choices);
        let number = self.number();
        quote(&match self.choices.below(3) {
            0 => format!("data/{stem}-{number}.parquet"),
            1 => format!("//out-{number}/{stem}/"),
            _ => format!("{stem}-{number}"),
        })
    }

    pub fn command(&mut self) -> String {
        match self.choices.below(6) {
            0 | 1 => format!("file({})", self.file(".py")),
            2 => format!("file({})", self.file(".sh")),
            3 => "bash\"\"\"\n  set -u\n  echo \"# it's: ${HOME}\" | tee 'a b'  \n\n    printf '%s\\n' \"\\\\\"\n  \"\"\"".to_owned(),
            4 => "bash\"\"\"true\"\"\"".to_owned(),
            _ => "python\"\"\"\n  import os\n  print(f\"{os.environ['HOME']!r}: é\\u2028\")\n  \"\"\"".to_owned(),
        }
    }

    fn dvc(&mut self) -> String {
        let stem = file_stem(&mut self.choices);
        let path = self.place(&format!("data/{stem}.csv.dvc"));
        match self.connection("dvc") {
            Some(name) => format!("{name}.file({path})"),
            None => format!("dvc({path})"),
        }
    }

    fn git(&mut self, method: &str) -> String {
        let name = self.connection("git").unwrap_or_else(|| "manifests".into());
        let path = format!("apps/{}-{}", file_stem(&mut self.choices), self.number());
        let end = if method == "file" { ".yaml" } else { self.choices.pick(&["", "/"]) };
        format!("{name}.{method}({})", quote(&format!("{path}{end}")))
    }

    fn registered_model(&mut self) -> String {
        let name = self.connection("mlflow").unwrap_or_else(|| "tracking".into());
        let model = quote(&self.text());
        if self.choices.chance(60) {
            format!("{name}.model({model}, alias = {})", quote(&self.text()))
        } else {
            format!("{name}.model({model})")
        }
    }

    pub fn image_by_digest(&mut self) -> String {
        let image = self.choices.pick(&["ghcr.io/acme/transformer", "registry:5000/t:1.2", "t"]);
        quote(&format!("{image}@{HASH}"))
    }

    /// `env { … }` with a name or two that are awkward themselves.
    pub fn env(&mut self, keyword: &str) -> String {
        let mut keys = vec!["PLAIN", "on", "Y", "NULL", "lower_case", "_1e3", "ROWS"];
        if keyword == "with" {
            keys.extend(["\"python-version\"", "\"_-\"", "\"no\"", "\"cache_to-Path\""]);
        }
        let mut pairs = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let key = keys.remove(self.choices.below(keys.len()));
            let value = self.env_value();
            pairs.push(pair(key, &value));
        }
        let narrow = self.narrow();
        block(keyword, &pairs, narrow)
    }

    fn env_value(&mut self) -> String {
        match self.choices.below(9) {
            0..=2 => quote(&self.text()),
            3 => self.choices.pick(&["1000", "-5", "0.5", "1_000 * 2", "true", "1 > 2"]).to_owned(),
            4 if !self.open => self.secret(),
            5 => self.var(),
            6 => self.param(),
            _ => self.output_of_ancestor().unwrap_or_else(|| quote("nothing above")),
        }
    }

    /// An output of a stage that has succeeded by now; an approved model is for export alone.
    fn output_of_ancestor(&mut self) -> Option<String> {
        let known = self.upstream();
        let named = known.iter().flat_map(|stage| stage.outputs.iter().map(|(name, ty)| (format!("{}.{name}", stage.name), *ty)));
        let outputs: Vec<String> = named.filter(|(_, ty)| *ty != Output::Approved).map(|(name, _)| name).collect();
        (!outputs.is_empty()).then(|| self.choices.pick(&outputs))
    }

    fn action(&mut self) -> String {
        let other = "acme/other@0123456789abcdef0123456789abcdef01234567";
        let action = self.choices.pick(&["acme/notify@v1.2.0", "acme/tools/sub/path@v3", other, "sigstore/cosign-installer@v4.1.2"]);
        format!("action({})", quote(action))
    }
}
